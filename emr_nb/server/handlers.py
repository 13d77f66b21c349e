"""From HTTP to an operation and back: who asks, how much, on which thread, in which shape."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado import web

from emr_nb.errors import EmrError, UsageError
from emr_nb.server.failures import failure_of, refused, status_of, unexpected

if TYPE_CHECKING:
    from emr_nb.server.models.common import Answer, Failure
    from emr_nb.server.operations import Operation
    from emr_nb.server.state import ServerState

log = logging.getLogger(__name__)

BODY_BYTES = 1024 * 1024  # of a JSON request


class EmrHandler(APIHandler):
    """What all routes share: nothing is read or done for who is not known and allowed."""

    auth_resource = "emr_nb"
    state: ServerState
    operations: Mapping[str, Operation]

    def initialize(self, state: ServerState, operations: Mapping[str, Operation]) -> None:
        self.state = state
        self.operations = operations
        self._refusal: web.HTTPError | EmrError | None = None

    async def prepare(self) -> None:  # type: ignore[override]
        """Check who asks. A refusal waits for the body's end: sooner, it might not arrive."""
        try:
            await super().prepare()
            if self.request.method != "OPTIONS" and self.current_user is None:
                raise web.HTTPError(403)
        except (web.HTTPError, EmrError) as error:
            self._refusal = error
        self.set_header("Cache-Control", "no-store")
        self.set_header("X-Content-Type-Options", "nosniff")

    def operation(self) -> Operation:
        """Return the operation of this request; raises what refuses it, or HTTPError 405."""
        if self._refusal is not None:
            raise self._refusal
        found = self.operations.get(self.request.method or "")
        if found is None:
            raise web.HTTPError(405)
        return found

    def query(self) -> dict[str, str]:
        """Return the query's parameters, the last of each name; Jupyter's own are left out.

        Raises UsageError.
        """
        given = self.request.query_arguments.items()
        try:
            found = {name: values[-1].decode("utf-8") for name, values in given}
        except UnicodeDecodeError as error:
            raise UsageError("A parameter is not UTF-8") from error
        for own in ("token", "no_track_activity", "_xsrf"):
            found.pop(own, None)
        return found

    def answer(self, body: Answer, status: int = 200) -> None:
        """End the request with a model as JSON."""
        self.set_status(status)
        self.finish(msgspec.json.encode(body))

    def fail(self, error: EmrError) -> None:
        """End the request with an error of ours."""
        self.refuse(status_of(error), failure_of(error))

    def refuse(self, status: int, failure: Failure) -> None:
        """End the request with a failure."""
        self.set_status(status)
        self.finish(msgspec.json.encode(failure))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log faults of ours; an error that a page is told needs no traceback."""
        if not isinstance(value, EmrError):
            super().log_exception(typ, value, tb)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Write what went wrong outside of an operation in the same shape."""
        error = (kwargs.get("exc_info") or (None, None, None))[1]
        self.clear_header("Content-Length")
        if isinstance(error, EmrError):
            self.fail(error)
        elif error is None or isinstance(error, web.HTTPError):
            told = str(error.log_message or "") if isinstance(error, web.HTTPError) else ""
            self.refuse(status_code, refused(status_code, told))
        else:
            self.refuse(500, unexpected(error))


@web.stream_request_body
class OperationHandler(EmrHandler):
    """Answers one path's operations; of a body above the cap no more is kept than the cap."""

    def initialize(self, state: ServerState, operations: Mapping[str, Operation]) -> None:
        super().initialize(state, operations)
        self._body = bytearray()

    def data_received(self, chunk: bytes) -> None:
        if len(self._body) <= BODY_BYTES:  # the rest is read too, so that the page hears why
            self._body += chunk

    @web.authenticated
    @authorized
    async def get(self, **parts: str) -> None:
        await self._run(parts)

    @web.authenticated
    @authorized
    async def post(self, **parts: str) -> None:
        await self._run(parts)

    @web.authenticated
    @authorized
    async def delete(self, **parts: str) -> None:
        await self._run(parts)

    async def _run(self, parts: Mapping[str, str]) -> None:
        operation = self.operation()
        if len(self._body) > BODY_BYTES:
            raise web.HTTPError(413, f"A request may have {BODY_BYTES:,} bytes")
        try:
            asked = operation.read(parts, self.query(), bytes(self._body))
            answer = await self.state.calls.run(lambda: operation.function(self.state, asked))
        except EmrError as error:
            self.fail(error)
        except web.HTTPError:
            raise
        except Exception as error:
            log.exception("%s %s failed", operation.method, operation.path)
            self.refuse(500, unexpected(error))
        else:
            self.answer(answer)
