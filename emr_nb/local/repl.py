"""The REPL driver's jar, compiled at first use from the Java sources of this package."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from emr_nb.errors import LocalClusterError
from emr_nb.local.locking import file_lock
from emr_nb.local.parts import Cache

_PACKAGE = "org/apache/livy/repl"  # the Livy server names the driver's class itself
_COMPILE_SECONDS = 180
_LIVY_JARS = ("livy-rsc-", "livy-api-")


def source_folder() -> Path:
    """Return the folder of the driver's sources; `EMR_NB_REPL_SOURCES` names another."""
    chosen = os.environ.get("EMR_NB_REPL_SOURCES")
    return Path(chosen) if chosen else Path(__file__).parent / "livy_repl"


def driver_jar(cache: Cache) -> Path:
    """Return the jar of the driver's sources, compiling it where the cache has none.

    Every other file there goes into the jar beside the classes. Raises LocalClusterError
    with the compiler's own words.
    """
    sources = source_folder()
    files = sorted(p for p in sources.rglob("*") if p.is_file() and "__pycache__" not in p.parts)
    if not any(file.suffix == ".java" for file in files):
        raise LocalClusterError(
            "The Livy REPL driver's sources are missing",
            where=str(sources),
            advice="Install emr-nb again.",
        )
    jar = cache.home / "repl" / f"emr-nb-repl-{_digest(cache, sources, files)}.jar"
    if not jar.exists():
        with file_lock(jar.with_suffix(".lock"), 300, "compiling the REPL driver"):
            if not jar.exists():
                _build(cache, sources, files, jar)
    return jar


def _digest(cache: Cache, sources: Path, files: Iterable[Path]) -> str:
    digest = hashlib.sha256(cache.part("livy").folder.name.encode())
    digest.update(cache.part("spark").folder.name.encode())
    for file in files:
        digest.update(str(file.relative_to(sources)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:16]


def _build(cache: Cache, sources: Path, files: list[Path], jar: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="classes.", dir=jar.parent) as scratch:
        classes = Path(scratch) / "classes"
        classes.mkdir()
        _compile(cache, [file for file in files if file.suffix == ".java"], classes)
        for file in files:
            if file.suffix != ".java":
                target = classes / _PACKAGE / file.relative_to(sources)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, target)
        fresh = Path(scratch) / "driver.jar"
        with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(p for p in classes.rglob("*") if p.is_file()):
                archive.write(file, file.relative_to(classes).as_posix())
        fresh.replace(jar)


def _compile(cache: Cache, files: list[Path], classes: Path) -> None:
    livy = [jar for jar in cache.jars("livy") if jar.name.startswith(_LIVY_JARS)]
    classpath = ":".join(map(str, [*livy, *sorted((cache.spark() / "jars").glob("*.jar"))]))
    java, ecj = cache.java() / "bin" / "java", cache.jars("ecj")[0]
    jvm = [str(java), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    language = ["-source", "17", "-target", "17", "-encoding", "UTF-8", "-nowarn", "-proc:none"]
    done = subprocess.run(
        [
            *(*jvm, "-jar", str(ecj), *language),
            *("-cp", classpath, "-d", str(classes), *map(str, files)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_COMPILE_SECONDS,
        start_new_session=True,
        check=False,
    )
    if done.returncode:
        raise LocalClusterError(
            f"The Livy REPL driver does not compile:\n{done.stdout[-4000:]}",
            where=str(files[0].parent),
            advice="Install emr-nb again; where the sources are yours, correct them.",
        )
