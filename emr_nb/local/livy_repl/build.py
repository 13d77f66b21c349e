"""Compile the REPL driver into a jar, once for each content of its sources."""

import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from emr_nb.errors import BuildFailedError

_HERE = Path(__file__).parent
_PYTHON = (
    *("worker.py", "livy_answers.py", "livy_magics.py", "livy_spark.py"),
    "livy_packages.py",
)
_RESOURCES = "org/apache/livy/repl/"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # a zip's earliest date: equal sources make an equal jar
_COMPILE_SECONDS = 180.0


def build_driver(
    java: Path, ecj: Path, livy_jars: Sequence[Path], spark_jars: Path, target: Path
) -> Path:
    """Make the driver's jar, or find the one made earlier from the same sources.

    Args:
        java: The `java` executable, 17 or later.
        ecj: Eclipse's compiler, a jar.
        livy_jars: Livy's `livy-rsc` and `livy-api` jars; others do no harm.
        spark_jars: The folder of pyspark's jars.
        target: A folder; the jar in it bears a hash of what it was made of.

    Raises:
        BuildFailedError: The compiler failed; its messages are in the error.
    """
    sources = sorted((_HERE / "java").glob("*.java"))
    python = [_HERE / name for name in _PYTHON]
    jar = target / f"livy-repl_2.12-{_digest([*sources, *python], livy_jars)}.jar"
    if jar.exists():
        return jar
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".repl-", dir=target) as scratch:
        classes = Path(scratch, "classes")
        wanted = [p for p in livy_jars if p.name.startswith(("livy-rsc", "livy-api"))]
        on_path = [*wanted, *sorted(spark_jars.glob("*.jar"))]
        _compile(java, ecj, os.pathsep.join(map(str, on_path)), sources, classes)
        made = _pack(classes, python, Path(scratch, jar.name))
        made.replace(jar)
    return jar


def _digest(sources: Sequence[Path], livy_jars: Sequence[Path]) -> str:
    hashed = hashlib.sha256()
    for path in sources:
        hashed.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for name in sorted(p.name for p in livy_jars):
        hashed.update(name.encode() + b"\0")
    return hashed.hexdigest()[:16]


def _compile(java: Path, ecj: Path, classpath: str, sources: Sequence[Path], classes: Path) -> None:
    command = [str(java), "-Xmx384m", "-XX:+UseSerialGC", "-jar", str(ecj)]
    command += ["-source", "17", "-target", "17", "-encoding", "UTF-8", "-nowarn"]
    command += ["-cp", classpath, "-d", str(classes), *map(str, sources)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=_COMPILE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        msg = f"Livy's REPL driver: {java} could not run the compiler ({error}); check that file."
        raise BuildFailedError(msg) from error
    if done.returncode:
        report = (done.stdout + done.stderr).strip()
        msg = f"Livy's REPL driver does not compile with the jars given:\n{report}"
        raise BuildFailedError(msg)


def _pack(classes: Path, python: Sequence[Path], jar: Path) -> Path:
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(classes.rglob("*.class")):
            _add(archive, path.relative_to(classes).as_posix(), path)
        for path in python:
            _add(archive, _RESOURCES + path.name, path)
    return jar


def _add(archive: zipfile.ZipFile, name: str, path: Path) -> None:
    archive.writestr(zipfile.ZipInfo(name, _EPOCH), path.read_bytes(), zipfile.ZIP_DEFLATED)
