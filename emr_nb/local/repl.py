"""The REPL driver's jar, compiled at first use from the Java sources of this package."""

from __future__ import annotations

import os
from pathlib import Path

from emr_nb.local.compiling import JavaSources
from emr_nb.local.parts import Cache

_PACKAGE = "org/apache/livy/repl"  # the Livy server names the driver's class itself
_LIVY_JARS = ("livy-rsc-", "livy-api-")


def source_folder() -> Path:
    """Return the folder of the driver's sources; `EMR_NB_REPL_SOURCES` names another."""
    chosen = os.environ.get("EMR_NB_REPL_SOURCES")
    return Path(chosen) if chosen else Path(__file__).parent / "livy_repl"


def driver_classpath(cache: Cache) -> list[Path]:
    """Return the jars of Livy and Spark that the driver is compiled against."""
    livy = [jar for jar in cache.jars("livy") if jar.name.startswith(_LIVY_JARS)]
    return [*livy, *sorted((cache.spark() / "jars").glob("*.jar"))]


def driver_jar(cache: Cache) -> Path:
    """Return the jar of the driver's sources, compiling it where the cache has none.

    Every other file there goes into the jar beside the classes. Raises LocalClusterError
    with the compiler's own words.
    """
    sources = JavaSources(
        title="The Livy REPL driver",
        name="repl",
        folder=source_folder(),
        against=("livy", "spark"),
        classpath=driver_classpath(cache),
        resources=_PACKAGE,
    )
    return sources.jar(cache)
