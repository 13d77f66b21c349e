"""Livy's REST calls, one method each; no waiting, no policy.

Forms: InteractiveSessionServlet and SessionServlet of Livy 0.7.1 to 0.9.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from emr_nb.engines.livy.lost import RESTART
from emr_nb.engines.livy.wire import SessionView, StatementView
from emr_nb.engines.yarn import Yarn
from emr_nb.errors import HttpStatusError, ReplyLostError, SessionLostError, UsageError
from emr_nb.transport.base import Deadline, HttpClient, Reply, Retry

PAGE = 100
# Livy moves code and outputs in RPC frames of 50 MiB (livy.rsc.rpc.max.size).
MOST_CODE_BYTES = 40 * 1024 * 1024
_HEADERS = {"X-Requested-By": "emr_nb"}  # without it Livy's CSRF filter answers 400

T = TypeVar("T")


class LivyClient:
    """A Livy server's interactive sessions; usable from several threads.

    Raises what HttpClient raises, SessionLostError where Livy no longer knows a session, and
    ReplyLostError for a reply that is not the JSON it should be.
    """

    def __init__(self, http: HttpClient, yarn: Yarn | None = None) -> None:
        self.http = http
        self.yarn = yarn  # what Livy itself asks, where we reach it too

    @property
    def where(self) -> str:
        return f"Livy at {self.http.endpoint.url}"

    # -- sessions -------------------------------------------------------------------------

    def sessions(self, start: int = 0) -> tuple[list[SessionView], int]:
        """Return one page of sessions and how many there are in all."""
        reply = self._get("/sessions", params={"from": str(start), "size": str(PAGE)})
        return self._read(
            reply,
            lambda body: (
                [SessionView.parse(item) for item in body.get("sessions") or ()],
                int(body.get("total") or 0),
            ),
        )

    def session(self, session: int, deadline: Deadline | None = None) -> SessionView:
        reply = self._get(f"/sessions/{session}", session=session, deadline=deadline)
        return self._read(reply, SessionView.parse)

    def create_session(self, body: Mapping[str, Any], deadline: Deadline) -> SessionView:
        """Ask for a session; never repeated here."""
        reply = self._post("/sessions", body, deadline=deadline)
        return self._read(reply, SessionView.parse)

    def delete_session(self, session: int) -> None:
        """End a session; quiet when Livy does not know it."""
        try:
            self.http.request("DELETE", f"/sessions/{session}", headers=_HEADERS)
        except HttpStatusError as error:
            if error.status != 404:
                raise

    def connect(self, session: int, deadline: Deadline) -> None:
        """Tell Livy that the session is in use: its idle limit also ends busy sessions."""
        self._post(f"/sessions/{session}/connect", {}, session=session, deadline=deadline)

    def log(self, session: int, size: int, deadline: Deadline | None = None) -> Sequence[str]:
        """Return the last lines of a session's log (`spark-submit`'s output)."""
        reply = self._get(
            f"/sessions/{session}/log",
            params={"size": str(size)},
            session=session,
            deadline=deadline,
        )
        return self._read(reply, lambda body: [str(line) for line in body.get("log") or ()])

    # -- statements -----------------------------------------------------------------------

    def submit(self, session: int, code: str, kind: str, deadline: Deadline) -> StatementView:
        """Send a statement; never repeated here."""
        body = {"code": code, "kind": kind}
        path = f"/sessions/{session}/statements"
        reply = self._post(path, body, session=session, deadline=deadline)
        return self._read(reply, StatementView.parse)

    def check_size(self, code: str, written: str) -> None:
        """Raise UsageError for code that Livy cannot take; `written` is what the user wrote."""
        try:
            size = len(code.encode())
        except UnicodeEncodeError as error:
            raise UsageError(
                f"The code holds half a surrogate pair at character {error.start}",
                where=self.where,
                advice="Write the character itself, or as an escape of the language.",
            ) from error
        if size > MOST_CODE_BYTES:
            sizes = (len(written.encode()), size, MOST_CODE_BYTES)
            cell, sent, most = (f"{number / 2**20:.0f} MiB" for number in sizes)
            raise UsageError(
                f"The cell is {cell}, {sent} as it is sent; Livy takes at most {most} in one "
                "statement",
                where=self.where,
                advice="Send the data with `%emr push` or `%emr put`, and read it there.",
            )

    def statement(
        self,
        session: int,
        statement: int,
        *,
        deadline: Deadline | None = None,
        retry: Retry = Retry.READ,
    ) -> StatementView | None:
        """Look at one statement; None when the session does not hold it (any more)."""
        path = f"/sessions/{session}/statements/{statement}"
        try:
            reply = self._get(path, session=session, deadline=deadline, retry=retry)
        except HttpStatusError as error:
            if error.status == 404 and "tatement" in error.body:
                return None
            raise
        return self._read(reply, StatementView.parse)

    def cancel(self, session: int, statement: int, deadline: Deadline) -> None:
        """Ask for a statement's end; saying so twice does no harm."""
        path = f"/sessions/{session}/statements/{statement}/cancel"
        self._post(path, {}, session=session, deadline=deadline, retry=Retry.READ)

    def complete(
        self, session: int, code: str, kind: str, cursor: int, deadline: Deadline
    ) -> list[str]:
        body = {"code": code, "kind": kind, "cursor": cursor}
        path = f"/sessions/{session}/completion"
        reply = self._post(path, body, session=session, deadline=deadline, retry=Retry.READ)
        return self._read(reply, lambda body: [str(c) for c in body.get("candidates") or ()])

    # -- inside ---------------------------------------------------------------------------

    def _get(
        self,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        session: int | None = None,
        deadline: Deadline | None = None,
        retry: Retry = Retry.READ,
    ) -> Reply:
        try:
            return self.http.request("GET", path, params=params, deadline=deadline, retry=retry)
        except HttpStatusError as error:
            self._raise_if_lost(error, session)
            raise

    def _post(
        self,
        path: str,
        body: Mapping[str, Any],
        *,
        deadline: Deadline,
        session: int | None = None,
        retry: Retry = Retry.NEVER,
    ) -> Reply:
        try:
            return self.http.request(
                "POST", path, json=body, headers=_HEADERS, deadline=deadline, retry=retry
            )
        except HttpStatusError as error:
            self._raise_if_lost(error, session)
            raise

    def _raise_if_lost(self, error: HttpStatusError, session: int | None) -> None:
        """Raise SessionLostError where Livy itself says that it knows no such session."""
        if session is None or error.status != 404 or "Session" not in error.body:
            return
        raise SessionLostError(
            f"Livy does not know session {session} any more; its variables are gone",
            where=self.where,
            advice=RESTART,
            forgotten=True,
        ) from error

    def _read(self, reply: Reply, parse: Callable[[Any], T]) -> T:
        try:
            return parse(_decode(reply.content))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ReplyLostError(
                f"The reply is not what Livy answers: {reply.text[:200]!r}",
                where=f"{self.where}{reply.url and ' ' + reply.url}",
                advice="Something between here and Livy may have cut it short.",
            ) from error


def _decode(content: bytes) -> Any:
    """Decode JSON fast, and also what only the standard library takes (lone surrogates, NaN)."""
    import orjson

    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        return json.loads(content)


def message_of(error: HttpStatusError) -> str:
    """Return what Livy said: `{"msg": …}`, a JSON string, or the text as it is."""
    try:
        body = json.loads(error.body)
    except ValueError:
        return error.body.strip()
    if isinstance(body, dict):
        return str(body.get("msg") or body)
    return str(body)
