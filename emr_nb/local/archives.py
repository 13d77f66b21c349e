"""Unpacks what is published as an archive of many files: Trino, its plugins, PrestoSQL."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from emr_nb.errors import DownloadError
from emr_nb.local.lockfile import LockedFile

# by a server's archive: what a coordinator does not start without, and what ours uses; the
# rest is 110 MB of Trino's and 290 MB of PrestoSQL's
_KEPT = {
    "trino-server-core": ("lib", "plugin/spooling-filesystem"),
    "presto-server": ("lib", *(f"plugin/{name}" for name in ("tpch", "memory", "hive-hadoop2"))),
}
_PLACES = {"trino-hdfs": "plugin/hive/hdfs"}  # the Hive connector loads it apart from its own jars


def unpack(archives: Path, files: Iterable[LockedFile], target: Path) -> None:
    """Unpack a server's archive to `target`, and each plugin's to its place below `plugin`.

    Raises DownloadError for an archive that cannot be read.
    """
    for file in files:
        artifact = file.coordinate.split(":")[1]
        try:
            with tempfile.TemporaryDirectory(dir=target) as scratch:
                tree = _tree(archives / file.name, Path(scratch))
                for source, place in _moves(tree, artifact):
                    shutil.rmtree(target / place, ignore_errors=True)
                    (target / place).parent.mkdir(parents=True, exist_ok=True)
                    source.rename(target / place)
        except (OSError, tarfile.TarError, zipfile.BadZipFile) as error:
            raise DownloadError(
                f"{file.name} cannot be unpacked: {error}",
                where=str(target),
                advice="Check the space on the disk and run it again.",
            ) from error


def _tree(archive: Path, folder: Path) -> Path:
    """Unpack an archive whole (files of one may be links to others); return its one folder."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)  # noqa: S202 - its checksum was ours
    else:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(folder, filter="data")
            else:  # Python before 3.11.4, which Debian 12 has
                tar.extractall(folder, _as_ours(tar))  # noqa: S202 - its checksum was ours
    (tree,) = folder.iterdir()
    return tree


def _as_ours(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield the members as files of this user, whoever packed them."""
    for member in tar:
        member.uid, member.gid, member.uname, member.gname = os.getuid(), os.getgid(), "", ""
        yield member


def _moves(tree: Path, artifact: str) -> list[tuple[Path, str]]:
    if artifact in _KEPT:
        return [(tree / name, name) for name in _KEPT[artifact]]
    return [(tree, _PLACES.get(artifact, f"plugin/{artifact.removeprefix('trino-')}"))]
