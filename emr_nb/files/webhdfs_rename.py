"""Renames on HDFS: atomic by the NameNode, as near to it as HttpFS comes."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress

from emr_nb.errors import (
    DeadlineExceededError,
    EmrError,
    FileError,
    HttpStatusError,
    PathExistsError,
    PathNotFoundError,
    ReplyLostError,
)
from emr_nb.files.webhdfs_calls import HttpFs, NameNodes, clean
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FilePath
from emr_nb.transport.base import Retry

_LATE = (0.0, 0.2, 0.3, 0.5)  # seconds before each try


def settling(error: BaseException) -> Iterator[None]:
    """Yield for each try to undo what failed: one, and more, later, after an interrupt.

    What an interrupt cut off comes about at the server a little later, or does not.
    """
    for wait in _LATE[:1] if isinstance(error, EmrError) else _LATE:
        time.sleep(wait)
        yield


def rename(ways: Ways, source: FilePath, target: FilePath, *, overwrite: bool = False) -> None:
    """Rename a path, in one step; `overwrite` replaces a file that has the target's name.

    HttpFS has no such option: there the old file is set aside for a moment, and put back
    where the new one does not come into place.
    """
    way = ways.current()
    if isinstance(way, HttpFs):
        _by_gateway(way, source, target, overwrite=overwrite)
        return
    _once(way, source, target, {"renameoptions": "OVERWRITE" if overwrite else "NONE"})


def _refuse_blank_end(target: FilePath) -> None:
    """HttpFS cuts blanks and control characters from the end of a new name, in silence."""
    if target.key[-1:] <= " ":
        raise FileError(
            "HttpFS cannot give a name that ends with a blank",
            where=str(target),
            advice="Choose another name, or reach the NameNode's WebHDFS (port 9870) itself.",
        )


def exists(way: NameNodes | Ways, path: FilePath) -> bool:
    """Tell whether something is at a path."""
    try:
        way.call("GET", path, "GETFILESTATUS", retry=Retry.READ)
    except PathNotFoundError:
        return False
    return True


def _by_gateway(way: HttpFs, source: FilePath, target: FilePath, *, overwrite: bool) -> None:
    _refuse_blank_end(target)
    there = exists(way, target)
    if there and not overwrite:  # onto a folder HDFS would rename into it
        raise PathExistsError("Something is there already", where=str(target))
    if not there:
        _once(way, source, target, {})
        return
    aside = FilePath(target.scheme, target.authority, f"{target.key}.{secrets.token_hex(8)}._OLD_")
    try:
        _once(way, target, aside, {})
        _once(way, source, target, {})
    except BaseException as error:
        _put_back(way, aside, target, error)
        raise
    way.call("DELETE", aside, "DELETE")


def _put_back(way: HttpFs, aside: FilePath, target: FilePath, error: BaseException) -> None:
    """Give the old file its name again, unless the new one is in place."""
    for _ in settling(error):
        with suppress(EmrError):
            if exists(way, aside) and exists(way, target):
                way.call("DELETE", aside, "DELETE")
            else:
                _once(way, aside, target, {})
            return


def _once(way: NameNodes, source: FilePath, target: FilePath, options: Mapping[str, str]) -> None:
    try:
        reply = way.call("PUT", source, "RENAME", {"destination": clean(target.key), **options})
    except (ReplyLostError, DeadlineExceededError, HttpStatusError):
        if exists(way, source) or not exists(way, target):
            raise  # it did not happen; else it did, and only the reply was lost
        return
    except FileError as error:
        if type(error) is FileError and exists(way, target):
            raise PathExistsError("Something is there already", where=str(target)) from error
        raise
    if reply.content and reply.json().get("boolean") is False:
        _refused(way, source, target)


def _refused(way: NameNodes, source: FilePath, target: FilePath) -> None:
    """Tell why HDFS said no without a reason."""
    if not exists(way, source):
        raise PathNotFoundError("Nothing is there", where=str(source))
    if exists(way, target):
        raise PathExistsError("Something is there already", where=str(target))
    raise FileError(
        f"HDFS did not rename it to {target}",
        where=str(source),
        advice="Is the folder of the new name there, and not below the old one?",
    )
