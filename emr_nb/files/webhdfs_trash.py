"""HDFS's trash, filled as Hadoop's own TrashPolicyDefault fills it."""

from __future__ import annotations

import posixpath
import time
from contextlib import suppress

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    EmrError,
    FileError,
    PathDeniedError,
    PathExistsError,
    PathNotDirectoryError,
)
from emr_nb.files.webhdfs_calls import clean
from emr_nb.files.webhdfs_rename import exists, rename
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FilePath
from emr_nb.transport.base import Retry

_CURRENT = "Current"
_TRIES = 4  # the trash's own checkpoint may move folders away between two steps


def interval(ways: Ways, context: ClusterContext) -> float:
    """Return the minutes that the trash keeps things; 0: HDFS has none.

    The NameNode tells it; one that is too old to be asked is taken at the cluster's
    configuration.
    """
    with suppress(EmrError, LookupError, ValueError, TypeError):
        reply = ways.call("GET", FilePath("hdfs", "", "/"), "GETSERVERDEFAULTS", retry=Retry.READ)
        return float(reply.json()["FsServerDefaults"]["trashInterval"])
    with suppress(ValueError):
        return float(context.cluster.property("core-site", "fs.trash.interval", "0"))
    return 0.0


def to_trash(ways: Ways, path: FilePath) -> FilePath | None:
    """Move a path to its trash and return where it lies; None for what is in the trash already.

    `/user/NAME/.Trash/Current/…`, or the trash of its encryption zone. A name that is taken
    there gets the time in milliseconds behind it. Raises FileError where the trash lies below
    the path.
    """
    root = _root(ways, path)
    if _is_below(path, root):
        return None
    if posixpath.dirname(root).startswith(path.key.rstrip("/") + "/") or path.key in (
        "/",
        posixpath.dirname(root),
    ):
        raise FileError(
            "It contains the trash, and cannot be moved there",
            where=str(path),
            advice="Remove it for good with --skip-trash, or what is in it one by one.",
        )
    folder = clean(f"{root}/{_CURRENT}/{posixpath.dirname(path.key)}")
    for last in (*([False] * (_TRIES - 1)), True):
        try:
            _make(ways, path, folder)
        except (PathNotDirectoryError, PathExistsError):
            folder = _beside_file(ways, path, folder)  # a file lies where the folder should be
            continue
        place = _free(ways, path, f"{folder}/{posixpath.basename(path.key)}")
        try:
            rename(ways, path, place)
        except FileError:
            if last or not exists(ways, path):
                raise
        else:
            return place
    raise FileError("The trash could not be made", where=f"hdfs://{folder}")


def lies_in_trash(ways: Ways, path: FilePath) -> bool:
    """Tell whether a path is its own trash, or something in it."""
    return _is_below(path, _root(ways, path))


def _is_below(path: FilePath, root: str) -> bool:
    return path.key == root or path.key.startswith(f"{root}/")


def _root(ways: Ways, path: FilePath) -> str:
    with suppress(FileError, LookupError, TypeError):
        reply = ways.call("GET", path, "GETTRASHROOT", retry=Retry.READ)
        return clean(str(reply.json()["Path"]))
    return f"/user/{ways.user}/.Trash"  # Hadoop before 2.8 knows no other


def _make(ways: Ways, path: FilePath, folder: str) -> None:
    at = FilePath(path.scheme, path.authority, folder)
    try:
        ways.call("PUT", at, "MKDIRS", {"permission": "700"}, retry=Retry.READ)
    except PathDeniedError as error:
        raise PathDeniedError(
            f"There is no trash to move it to: {error.what}",
            where=str(path),
            advice=f"Ask for a folder /user/{ways.user}, or remove it for good (--skip-trash).",
        ) from error


def _beside_file(ways: Ways, path: FilePath, folder: str) -> str:
    at = folder
    while not exists(ways, FilePath(path.scheme, path.authority, at)):
        at = posixpath.dirname(at)
    return f"{at}{_now()}{folder[len(at) :]}"


def _free(ways: Ways, path: FilePath, wanted: str) -> FilePath:
    place = FilePath(path.scheme, path.authority, wanted)
    while exists(ways, place):
        place = FilePath(path.scheme, path.authority, f"{wanted}{_now()}")
    return place


def _now() -> int:
    return int(time.time() * 1000)
