"""Sizes that a listing does not tell: those of objects that were encrypted before they were stored.

A listing tells how much is stored; the cipher adds up to 16 bytes (the padding of AES/CBC, the
tag of AES/GCM). `read`, and so a copy, gives less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from emr_nb.errors import EmrError
from emr_nb.files.abilities import StoredSizes
from emr_nb.files.base import FileSystem
from emr_nb.files.plans import Transfer
from emr_nb.model import FileEntry, FilePath

_MOST = 16  # bytes that a cipher adds
_SIDE_BY_SIDE = 16

Stores = Callable[[FilePath], FileSystem]


def true_entry(fs: FileSystem, entry: FileEntry) -> FileEntry | None:
    """Return the entry with the size of what `read` gives; None where the listing was right."""
    if not isinstance(fs, StoredSizes):
        return None
    try:
        told = fs.info(entry.path)
    except EmrError:  # what it is will be said by the copy itself
        return None
    return told if told.etag == entry.etag and told.size != entry.size else None


def with_true_sizes(stores: Stores, transfers: Sequence[Transfer]) -> list[Transfer]:
    """Ask for the sizes of those whose source and target could be the same bytes after all."""
    made = list(transfers)
    doubtful = [n for n, transfer in enumerate(made) if _is_doubtful(stores, transfer)]
    with ThreadPoolExecutor(_SIDE_BY_SIDE, thread_name_prefix="emr_nb-sizes") as pool:
        asked = pool.map(lambda n: _asked(stores, made[n]), doubtful)
        for n, transfer in zip(doubtful, list(asked), strict=True):
            made[n] = transfer
    return made


def _is_doubtful(stores: Stores, transfer: Transfer) -> bool:
    source, there = transfer.source, transfer.there
    if there is None or there.is_directory:
        return False
    near = 0 < abs(source.size - there.size) <= _MOST
    for entry in (source, there):
        fs = stores(entry.path)
        if isinstance(fs, StoredSizes) and (near or fs.seals(entry.path)):
            return True
    return False


def _asked(stores: Stores, transfer: Transfer) -> Transfer:
    source, there = transfer.source, transfer.there
    assert there is not None
    return replace(
        transfer,
        source=true_entry(stores(source.path), source) or source,
        there=true_entry(stores(there.path), there) or there,
    )
