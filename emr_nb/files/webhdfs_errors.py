"""What a NameNode or DataNode says, as our errors.

WebHDFS answers a failure with `{"RemoteException": {"exception": …, "message": …}}`.
"""

from __future__ import annotations

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
}


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
    leaf, what, advice = _LEAVES.get(told.name, (FileError, told.name, ""))
    if leaf is PathDeniedError and not advice:
        advice = f"You are {user!r} on HDFS; attach with --user NAME to be somebody else."
    return leaf(f"{what}: {told.message}" if told.message else what, where=path, advice=advice)
