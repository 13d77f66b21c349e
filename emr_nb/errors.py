"""One root error and one leaf per thing a user can act on.

Each message says what happened, where (cluster, engine, path) and what to do next. Foreign
exceptions are mapped once, at the boundary where they arise, with `raise … from`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence


class EmrError(Exception):
    """The root of all errors of emr_nb: `what` happened, `where`, and `advice` on what to do."""

    def __init__(self, what: str, *, where: str = "", advice: str = "") -> None:
        self.what = what
        self.where = where
        self.advice = advice
        super().__init__(what)

    def __str__(self) -> str:
        head = f"{self.what} [{self.where}]" if self.where else self.what
        return f"{head}\n→ {self.advice}" if self.advice else head


# -- what the user wrote ------------------------------------------------------------------


class UsageError(EmrError, ValueError):
    """A magic, option or argument that cannot be understood."""


class MissingExtraError(EmrError, ImportError):
    """A feature whose optional dependency is not installed; the advice is the command."""


class NeighbourError(EmrError, RuntimeError):
    """Another extension beside ours (sparkmagic, say) is set up so that we cannot work with it."""


class NotAttachedError(EmrError, RuntimeError):
    """No cluster is attached yet."""


# -- clusters and AWS ---------------------------------------------------------------------


class ClusterError(EmrError):
    """Something about a cluster as a whole."""


class ClusterNotFoundError(ClusterError, LookupError):
    """No cluster has this id, name or tag in this account and region."""


class ClusterAmbiguousError(ClusterError, LookupError):
    """Several live clusters match; the message lists their ids."""


class ClusterStartingError(ClusterError, TimeoutError):
    """The cluster did not become ready before the deadline."""


class ClusterTerminatedError(ClusterError):
    """The cluster has ended; the message says when and why."""


class ServiceNotInstalledError(ClusterError, LookupError):
    """The cluster has no such application."""


class AwsError(EmrError):
    """An AWS call failed for a reason that no other leaf names."""


class AwsCredentialsError(AwsError, PermissionError):
    """No credentials, or they are expired or refused."""


class AwsAccessDeniedError(AwsError, PermissionError):
    """The identity lacks a permission; the message names the action."""


class AwsThrottledError(AwsError, TimeoutError):
    """AWS or our own budget slowed calls down beyond the deadline."""


# -- the way to a service -----------------------------------------------------------------


class TransportError(EmrError, ConnectionError):
    """A service could not be reached or did not answer as its protocol says."""


class ConnectFailedError(TransportError):
    """No connection came about: nothing was sent, so repeating is always safe."""


class ReplyLostError(TransportError):
    """The request went out and no usable reply came: the server may have acted on it."""


class DeadlineExceededError(TransportError, TimeoutError):
    """A wait reached its deadline; `sent` tells whether the server may have acted on a request."""

    def __init__(self, what: str, *, sent: bool = False, where: str = "", advice: str = "") -> None:
        super().__init__(what, where=where, advice=advice)
        self.sent = sent


class HttpStatusError(TransportError):
    """The server answered with an error status; `status` and `body` (text, capped) say which.

    `headers` are the reply's, to be looked up in any case.
    """

    def __init__(
        self,
        what: str,
        *,
        status: int,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        where: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(what, where=where, advice=advice)
        self.status = status
        self.body = body
        self.headers: Mapping[str, str] = headers or {}


class AuthenticationError(HttpStatusError, PermissionError):
    """The service refused who we are (401/403)."""

    def __init__(
        self,
        what: str,
        *,
        status: int = 401,
        body: str = "",
        headers: Mapping[str, str] | None = None,
        where: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(
            what, status=status, body=body, headers=headers, where=where, advice=advice
        )


# -- sessions and statements --------------------------------------------------------------


class SessionError(EmrError):
    """Something about an engine's session."""


class SessionNotFoundError(SessionError, LookupError):
    """No session has this name; nothing was started."""


class SessionStartError(SessionError):
    """A session did not start; the message ends with its last log lines."""


class SessionLostError(SessionError):
    """The session is gone, with its variables; the message says why where that is known.

    `forgotten` tells that its server knows it no more, and so cannot say why.
    """

    def __init__(
        self, what: str, *, where: str = "", advice: str = "", forgotten: bool = False
    ) -> None:
        super().__init__(what, where=where, advice=advice)
        self.forgotten = forgotten


class StatementError(EmrError):
    """The remote code failed: `ename`, `evalue` and `traceback` as the engine gave them.

    `line` and `column` are those of the cell (from 1), `folded` the noise that the short form
    leaves out.
    """

    def __init__(
        self,
        what: str,
        *,
        ename: str = "",
        evalue: str = "",
        traceback: Sequence[str] = (),
        line: int | None = None,
        column: int | None = None,
        folded: Sequence[str] = (),
        where: str = "",
        advice: str = "",
    ) -> None:
        super().__init__(what, where=where, advice=advice)
        self.column = column
        self.ename = ename
        self.evalue = evalue
        self.traceback = tuple(traceback)
        self.line = line
        self.folded = tuple(folded)


class StatementCancelledError(StatementError):
    """The statement was cancelled; the message says what stopped and what still runs."""


class StatementOutcomeUnknownError(EmrError):
    """A statement was sent and nobody can tell whether it ran; the message says how to see."""


class TableExistsError(EmrError, ValueError):
    """A table of this name is there, and was not to be replaced."""


class ResultError(EmrError):
    """A result is incomplete, damaged or of a kind that cannot be brought back."""


class ResultTooLargeError(ResultError, MemoryError):
    """A result is above the byte budget; the message names `-n` and `--to`."""


# -- files --------------------------------------------------------------------------------


class FileError(EmrError, OSError):
    """A file operation failed for a reason that no other leaf names."""

    def __str__(self) -> str:  # OSError's own __str__ would hide ours
        return EmrError.__str__(self)


class PathNotFoundError(FileError, FileNotFoundError):
    """Nothing is at this path."""


class PathExistsError(FileError, FileExistsError):
    """Something is at this path already."""


class PathIsDirectoryError(FileError, IsADirectoryError):
    """A directory stands where a file was expected."""


class PathNotDirectoryError(FileError, NotADirectoryError):
    """A file stands where a directory was expected."""


class PathDeniedError(FileError, PermissionError):
    """This identity may not do that to this path."""


class EncryptedFileError(PathDeniedError):
    """The bytes are encrypted and cannot be decrypted here; the message says how and why."""


class DiskFullError(FileError):
    """No space is left where a file was being written; no partial file stays."""


class StoreLacksError(FileError, NotImplementedError):
    """The store that holds this path cannot do what was asked."""


class FileFormatError(FileError, ValueError):
    """A file is damaged, cut short, or not of the format that it seems to be."""


# -- the local cluster --------------------------------------------------------------------


class LocalClusterError(EmrError):
    """Something about the local cluster."""


class DownloadError(LocalClusterError):
    """A part could not be fetched or has the wrong checksum."""


class DaemonDiedError(LocalClusterError):
    """A daemon ended by itself; the message has its last log lines."""


class BuildFailedError(LocalClusterError):
    """A Java part of ours does not compile; the message has the compiler's words."""


class SettingsError(EmrError, OSError):
    """The settings of JupyterLab's page cannot be kept."""


class JournalError(EmrError):
    """The journal file cannot be read or written."""


# -- the server ---------------------------------------------------------------------------


class ServerBusyError(EmrError, TimeoutError):
    """More is asked of the Jupyter server at once than it takes on; nothing was done."""


class NotKeptError(EmrError, LookupError):
    """What the server kept for a page (a listing, a plan, a job) is gone: ask for it anew."""
