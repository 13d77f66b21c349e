"""Errors as pages get them: one JSON shape, a status that fits, nothing secret in it."""

from __future__ import annotations

from http.client import responses

from emr_nb import errors as e
from emr_nb.redaction import redacted
from emr_nb.server.models.common import Failure
from emr_nb.wording import printable_lines

# the first that fits; 401 is left to Jupyter, whose pages take it for a lost login
_STATUS: tuple[tuple[type[BaseException], int], ...] = (
    (e.UsageError, 400),
    (e.NotKeptError, 410),
    (e.ServerBusyError, 503),
    (e.ClusterTerminatedError, 410),
    (e.ClusterStartingError, 409),
    (e.ClusterAmbiguousError, 409),
    (e.AwsThrottledError, 429),
    (e.DiskFullError, 507),
    (e.StoreLacksError, 501),
    (e.MissingExtraError, 501),
    (FileNotFoundError, 404),
    (LookupError, 404),
    (FileExistsError, 409),
    (e.PathIsDirectoryError, 409),
    (e.PathNotDirectoryError, 409),
    (e.TableExistsError, 409),
    (e.FileFormatError, 422),
    (e.StatementError, 422),
    (PermissionError, 403),
    (TimeoutError, 504),
    (e.SessionLostError, 410),
    (e.TransportError, 502),
    (e.AwsError, 502),
)
_KINDS = {
    400: "BadRequest", 403: "Forbidden", 404: "NoSuchRoute", 405: "MethodNotAllowed",
    413: "TooLarge", 416: "RangeNotSatisfiable",
}  # fmt: skip
_LONGEST = 4000


def status_of(error: BaseException) -> int:
    """Return the HTTP status that says what kind of error this is."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def failure_of(error: e.EmrError) -> Failure:
    """Return an error of ours as a page gets it."""
    what = _safe(error.what)
    return Failure(
        kind=type(error).__name__,
        what=what,
        where=_safe(error.where),
        advice=_safe(error.advice),
        message=what,
    )


def unexpected(error: BaseException) -> Failure:
    """Return a fault of the program itself: its class alone, since its text may hold anything."""
    what = f"The server part failed ({type(error).__name__})"
    advice = "Jupyter's log has the details; please report them."
    return Failure(kind="InternalError", what=what, advice=advice, message=what)


def refused(status: int, what: str = "", advice: str = "") -> Failure:
    """Return a refusal that HTTP itself has a status for."""
    what = _safe(what) or responses.get(status, "Refused")
    kind = _KINDS.get(status, "HttpError")
    return Failure(kind=kind, what=what, advice=advice, message=what)


def _safe(text: str) -> str:
    return printable_lines(redacted(text[:_LONGEST]))
