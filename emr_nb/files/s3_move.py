"""Moving S3 objects: copied within S3, compared, and only then removed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from emr_nb.files import s3_xml
from emr_nb.files.emrfs.envelope import SUFFIX
from emr_nb.files.emrfs.policy import Policy
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_copy import copy_object
from emr_nb.files.s3_remove import Remover
from emr_nb.model import FileEntry, FilePath

_SIDE_BY_SIDE = 8
_BATCH = 1000


class Mover:
    """Moves objects of one identity's buckets; a copy is encrypted as new objects are."""

    def __init__(self, calls: S3Calls, remover: Remover, policy: Policy) -> None:
        self._calls = calls
        self._remover = remover
        self._policy = policy

    def move(self, entry: FileEntry, target: FilePath) -> None:
        """Move one object, and the instruction file that holds its key where it has one."""
        places = [(entry.path, target)]
        if beside := entry.extra.get("instruction_file", ""):
            holder = FilePath("s3", target.authority, target.key + SUFFIX)
            places.append((FilePath("s3", entry.path.authority, beside), holder))
        for at, aim in places:
            self._copy(FileEntry(at, "file", etag=entry.etag if at == entry.path else ""), aim)
        for at, _ in places:
            self._remover.remove(at)

    def move_all(
        self, source: FilePath, start: str, found: Iterable[s3_xml.S3Object], target: FilePath
    ) -> None:
        """Move objects below `start` to below the target; nothing is removed before all are there.

        Raises the first failure; what was copied by then stays beside its source.
        """
        keys: list[str] = []

        def copy(item: s3_xml.S3Object) -> str:
            place = FilePath("s3", source.authority, item.key)
            aim = FilePath("s3", target.authority, target.key + item.key[len(start) :])
            self._copy(FileEntry(place, "file", size=item.size, etag=item.etag), aim)
            return item.key

        pool = ThreadPoolExecutor(_SIDE_BY_SIDE, "s3-move")
        try:
            for batch in _batches(found):
                keys += pool.map(copy, batch)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        self._remover.remove_all(source, keys)

    def _copy(self, source: FileEntry, target: FilePath) -> None:
        copy_object(self._calls, source, target, self._policy.of(target.authority).headers())


def _batches(found: Iterable[s3_xml.S3Object]) -> Iterator[list[s3_xml.S3Object]]:
    left = iter(found)
    while batch := list(islice(left, _BATCH)):
        yield batch
