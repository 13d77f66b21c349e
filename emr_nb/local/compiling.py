"""Java sources of this package, compiled at first use by Eclipse's compiler on the JRE."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from emr_nb.errors import LocalClusterError
from emr_nb.local.locking import file_lock
from emr_nb.local.parts import Cache

_COMPILE_SECONDS = 180


@dataclass(frozen=True)
class JavaSources:
    """A folder of sources that becomes one jar in the cache.

    `against` are the parts whose files they are compiled with, `classpath` those files. What
    is no Java source goes into the jar below `resources`.
    """

    title: str
    name: str
    folder: Path
    against: Sequence[str]
    classpath: Sequence[Path]
    resources: str = ""

    def jar(self, cache: Cache) -> Path:
        """Return the jar, compiling it where the cache has none.

        Raises LocalClusterError with the compiler's own words.
        """
        found = sorted(self.folder.rglob("*"))
        files = [p for p in found if p.is_file() and "__pycache__" not in p.parts]
        if not any(file.suffix == ".java" for file in files):
            raise LocalClusterError(
                f"The sources of {self.title} are missing",
                where=str(self.folder),
                advice="Install emr-nb again.",
            )
        folder = cache.home / self.name
        jar = folder / f"emr-nb-{self.name}-{self._digest(cache, files)}.jar"
        if not jar.exists():
            with file_lock(jar.with_suffix(".lock"), 300, f"compiling {self.title}"):
                if not jar.exists():
                    self._build(cache, files, jar)
        return jar

    def _digest(self, cache: Cache, files: Iterable[Path]) -> str:
        names = "".join(cache.part(part).folder.name for part in self.against)
        digest = hashlib.sha256(names.encode())
        for file in files:
            relative = str(file.relative_to(self.folder))
            digest.update(relative.encode() + b"\0" + file.read_bytes())
        return digest.hexdigest()[:16]

    def _build(self, cache: Cache, files: list[Path], jar: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="classes.", dir=jar.parent) as scratch:
            classes = Path(scratch) / "classes"
            classes.mkdir()
            self._compile(cache, [file for file in files if file.suffix == ".java"], classes)
            for file in files:
                if file.suffix != ".java":
                    target = classes / self.resources / file.relative_to(self.folder)
                    target.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(file, target)
            fresh = Path(scratch) / "made.jar"
            with zipfile.ZipFile(fresh, "w", zipfile.ZIP_DEFLATED) as archive:
                for file in sorted(p for p in classes.rglob("*") if p.is_file()):
                    archive.write(file, file.relative_to(classes).as_posix())
            fresh.replace(jar)

    def _compile(self, cache: Cache, files: list[Path], classes: Path) -> None:
        java, ecj = cache.java() / "bin" / "java", cache.jars("ecj")[0]
        jvm = [str(java), "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        language = ["-source", "17", "-target", "17", "-encoding", "UTF-8", "-nowarn"]
        done = subprocess.run(
            [
                *(*jvm, "-jar", str(ecj), *language, "-proc:none"),
                *("-cp", ":".join(map(str, self.classpath)), "-d", str(classes)),
                *map(str, files),
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
                f"{self.title} does not compile:\n{done.stdout[-4000:]}",
                where=str(files[0].parent),
                advice="Install emr-nb again; where the sources are yours, correct them.",
            )
