"""Find a session by its name, or create it at most once and wait until it is ready."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from emr_nb.engines.livy.client import LivyClient, message_of
from emr_nb.engines.livy.lost import explained
from emr_nb.engines.livy.pace import Pace
from emr_nb.engines.livy.submit import ambiguous
from emr_nb.engines.livy.wire import READY, SessionView
from emr_nb.engines.yarn import YarnWait
from emr_nb.errors import (
    HttpStatusError,
    SessionError,
    SessionLostError,
    SessionNotFoundError,
    SessionStartError,
    TransportError,
)
from emr_nb.model import Event, Log, Progress, SessionOptions
from emr_nb.transport.base import Deadline

Notify = Callable[[Event], None]

_KINDS = {"python": "pyspark", "scala": "spark", "sql": "pyspark"}
# Fields of POST /sessions in Livy 0.7.1; whatever else a user sets is Spark's configuration.
_FIELDS = frozenset(
    {"jars", "pyFiles", "files", "archives", "queue", "conf", "ttl", "idleTimeout"}
    | {"driverMemory", "driverCores", "executorMemory", "executorCores", "numExecutors"}
    | {"heartbeatTimeoutInSecond"}
)
# Livy gives its driver 90 s by default, the wait in YARN's queue included, and then kills it
_WAIT_IN_YARN = ("livy.rsc.server.connect.timeout", "24h")
_ABSENCE_PAUSE = 0.7
_LOOK_SECONDS = 0.25
_LOG_SECONDS = 2.0


@dataclass(frozen=True)
class Sessions:
    """The sessions of one Livy server, by name; names are unique in it."""

    client: LivyClient
    proxy_user: str = ""
    conf: Mapping[str, Any] | None = None
    timeout: float = 30.0
    alive_every: float = 900.0  # seconds; Livy's idle limit also ends what is starting

    def list(self) -> Iterator[SessionView]:
        """Yield every session, one request a page of 100."""
        start = 0
        while True:
            page, total = self.client.sessions(start)
            yield from page
            start += len(page)
            if not page or start >= total:
                return

    def find(self, name: str) -> SessionView | None:
        """Return the session of this name, dead ones included."""
        return next((view for view in self.list() if view.name == name), None)

    def open(self, options: SessionOptions, notify: Notify) -> SessionView:
        """Return a ready session, found or new.

        Raises SessionNotFoundError where it may not be created, and SessionStartError.
        """
        found = self.find(options.name)
        if found and (options.fresh or found.gone):
            # Livy keeps the name of a dead session, and would refuse the new one
            self.client.delete_session(found.id)
            found = None
        if found is None and not options.create:
            raise SessionNotFoundError(
                f"No session is named {options.name!r}; nothing was started",
                where=self.client.where,
                advice="`%emr sessions` lists them; `--new` starts one.",
            )
        view = found or self._create(options)
        return replace(self._wait(view, options, notify), new=found is None)

    # -- creating -------------------------------------------------------------------------

    def _create(self, options: SessionOptions) -> SessionView:
        """POST the session; when the reply is lost, look for its name before asking again."""
        body = self.request(options)
        for last in (False, True):
            try:
                return self.client.create_session(body, Deadline.after(self.timeout))
            except HttpStatusError as error:
                if "Duplicate session name" in error.body and (found := self.find(options.name)):
                    return found  # another process was faster, or our lost request was not lost
                if not ambiguous(error):
                    raise self._refused(error) from error
                failure: TransportError = error
            except TransportError as error:
                if not ambiguous(error):
                    raise
                failure = error
            if found := self._find_twice(options.name):
                return found
            if last:
                raise failure
        raise AssertionError("the second attempt returns or raises")

    def _find_twice(self, name: str) -> SessionView | None:
        found = self.find(name)
        if found is None:
            time.sleep(_ABSENCE_PAUSE)
            found = self.find(name)
        return found

    def request(self, options: SessionOptions) -> dict[str, Any]:
        """Return the body of POST /sessions; no heartbeat timeout, so that sleep loses none."""
        wanted = {**(self.conf or {}), **options.conf}
        fields = {key: value for key, value in wanted.items() if key in _FIELDS}
        spark = dict(fields.pop("conf", {}))
        spark |= {key: value for key, value in wanted.items() if key not in _FIELDS}
        if self.client.yarn:
            spark.setdefault(*_WAIT_IN_YARN)
        body = {
            "name": options.name,
            "kind": _KINDS.get(options.language, "pyspark"),
            "conf": {key: _spelled(value) for key, value in spark.items()},
            **fields,
        }
        if self.proxy_user:
            body["proxyUser"] = self.proxy_user
        return body

    def _refused(self, error: HttpStatusError) -> Exception:
        return SessionError(
            f"Livy refused to start a session: {message_of(error)}",
            where=self.client.where,
            advice="Nothing was started. Check the session's options (`EmrNb.session_conf`).",
        )

    # -- waiting --------------------------------------------------------------------------

    def _wait(self, view: SessionView, options: SessionOptions, notify: Notify) -> SessionView:
        """Wait until the session takes statements; one that waits in YARN is never killed."""
        began = time.monotonic()
        deadline = Deadline.after(options.start_timeout)
        pace = Pace(random.Random())  # noqa: S311 - jitter, not a secret
        told = _LogTail(self.client, view.id, notify)
        yarn = YarnWait(self.client.yarn)
        alive_at = began
        while view.state not in READY:
            elapsed = time.monotonic() - began
            if view.gone:
                raise self._not_started(view, "ended while it was starting")
            place = yarn.words(view.app_id)
            if deadline.remaining <= 0:
                raise self._not_started(
                    view,
                    f"was still {view.state} after {options.start_timeout:.0f} s and is left so",
                    place,
                )
            notify(Progress("starting", elapsed, detail=_detail(view, place)))
            told.look()
            if time.monotonic() - alive_at > self.alive_every:
                alive_at = time.monotonic()
                with contextlib.suppress(TransportError, SessionLostError):
                    self.client.connect(view.id, Deadline.after(5.0))
            time.sleep(max(_LOOK_SECONDS, pace.delay(elapsed)))
            try:
                view = self.client.session(view.id, Deadline.after(self.timeout))
            except SessionLostError as error:
                raise self._not_started(view, "was ended by somebody else") from error
        return view

    def _not_started(self, view: SessionView, how: str, place: str = "") -> SessionStartError:
        reason, details = explained(self.client, view)
        if place:  # it is alive, and goes on
            reason, details = place, f"The next cell goes on waiting for it.\n{details}"
        return SessionStartError(
            f"Session {view.name} {how}{reason and ': ' + reason}",
            where=f"session {view.id}, {self.client.where}",
            advice=details or "It left no log lines.",
        )


class _LogTail:
    """Tells new log lines of a starting session, every 2 s at most."""

    def __init__(self, client: LivyClient, session: int, notify: Notify) -> None:
        self._client = client
        self._session = session
        self._notify = notify
        self._seen = 0
        self._at = time.monotonic()

    def look(self) -> None:
        if time.monotonic() - self._at < _LOG_SECONDS:
            return
        self._at = time.monotonic()
        try:
            lines = list(self._client.log(self._session, 500, Deadline.after(5.0)))
        except (TransportError, SessionLostError):
            return  # the look at the session itself tells what is wrong
        if new := [line for line in lines[self._seen :] if line.strip()]:
            self._notify(Log(tuple(new)))
        self._seen = max(self._seen, len(lines))


def _detail(view: SessionView, place: str = "") -> str:
    app = f", {view.app_id}" if view.app_id else ""
    if place:
        return f"{place} (session {view.id}{app})"
    return f"session {view.id} {view.state.replace('_', ' ')}{app}"


def _spelled(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
