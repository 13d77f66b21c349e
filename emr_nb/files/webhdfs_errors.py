"""What a NameNode or DataNode says, as our errors.

WebHDFS answers a failure with `{"RemoteException": {"exception": …, "message": …}}`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from emr_nb.errors import (
    DiskFullError,
    FileError,
    HttpStatusError,
    PathDeniedError,
    PathExistsError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)

# a NameNode that is not the active one says these; another one may serve
ELSEWHERE = frozenset({"StandbyException", "ObserverRetryOnActiveException", "RetriableException"})

_LEAVES: dict[str, tuple[type[FileError], str, str]] = {
    "FileNotFoundException": (PathNotFoundError, "Nothing is there", ""),
    "AccessControlException": (PathDeniedError, "HDFS does not allow it", ""),
    "SecurityException": (PathDeniedError, "HDFS does not allow it", ""),
    "FileAlreadyExistsException": (
        PathExistsError,
        "Something is there already",
        "Use --overwrite to replace it.",
    ),
    "ParentNotDirectoryException": (PathNotDirectoryError, "A parent is a file", ""),
    "PathIsNotEmptyDirectoryException": (PathIsDirectoryError, "The directory is not empty", ""),
    "InvalidPathException": (FileError, "HDFS cannot have such a name", ""),
    "PathComponentTooLongException": (FileError, "The name is too long for HDFS", ""),
    "NSQuotaExceededException": (DiskFullError, "The folder's quota of names is used up", ""),
    "DSQuotaExceededException": (DiskFullError, "The folder's space quota is used up", ""),
    "SafeModeException": (
        FileError,
        "HDFS is in safe mode and takes no changes",
        "It leaves safe mode when enough blocks are reported; try again in a minute.",
    ),
    "BlockMissingException": (
        FileError,
        "A block of it is missing",
        "Every DataNode that has it is gone; %emr stat tells which blocks there are.",
    ),
    "StandbyException": (
        FileError,
        "No NameNode is the active one",
        "One takes over within a minute, or an administrator has stopped them.",
    ),
    "RetriableException": (FileError, "The NameNode is starting", "Try again in a minute."),
    "SnapshotException": (FileError, "HDFS refuses it because of a snapshot", ""),
}


_SAFE_MODE = "Name node is in safe mode"
_NO_FOLDER = " (is not a directory)"
_DENIED = re.compile(
    r"user=(?P<user>\S+?), access=(?P<access>\w+), "
    r'inode="(?P<inode>.*)":(?P<owner>[^:]+:[^:]+):(?P<mode>[-+drwxstST]{10,})'
)
_RIGHTS = {"READ": "read", "WRITE": "write in", "EXECUTE": "enter"}


@dataclass(frozen=True, slots=True)
class RemoteException:
    """The exception that the server named, with the first line of its message."""

    name: str
    message: str


def remote_exception(error: HttpStatusError) -> RemoteException | None:
    """Return what the reply's body says, or None when it is not WebHDFS's form."""
    import orjson

    try:
        told = orjson.loads(error.body)["RemoteException"]
        name, message = str(told["exception"]), str(told.get("message") or "")
    except (ValueError, LookupError, TypeError, AttributeError):
        return None
    return RemoteException(name, message.split("\n", maxsplit=1)[0])


def translate(error: HttpStatusError, path: str, user: str) -> FileError | HttpStatusError:
    """Map an error status to the leaf a user can act on; what HDFS said is kept in it."""
    told = remote_exception(error)
    if told is None:
        return error
    if told.message.endswith(_NO_FOLDER):  # also as an AccessControlException
        file = told.message.removesuffix(_NO_FOLDER)
        return PathNotDirectoryError(f"{file} is a file, and has nothing below it", where=path)
    name = "SafeModeException" if _SAFE_MODE in told.message else told.name  # HttpFS's words
    leaf, what, advice = _LEAVES.get(name, (FileError, told.name, ""))
    if leaf is PathDeniedError and not advice:
        advice = f"You are {user!r} on HDFS; attach with --user NAME to be somebody else."
    denied = _DENIED.search(told.message)
    if leaf is PathDeniedError and denied:
        what = f"{denied['user']!r} may not {_rights(denied['access'])} {denied['inode']}"
        return leaf(f"{what}: it is {denied['owner']} {denied['mode']}", where=path, advice=advice)
    return leaf(f"{what}: {told.message}" if told.message else what, where=path, advice=advice)


def _rights(access: str) -> str:
    """Return what an access of HDFS (`READ_EXECUTE`, `WRITE`) lets one do."""
    return " and ".join(_RIGHTS.get(word, word.lower()) for word in access.split("_"))
