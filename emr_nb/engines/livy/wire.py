"""What Livy answers, read tolerantly: unknown fields are left out, unknown states kept as words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from emr_nb.model import SessionInfo

# A statement in any other state, known to us or not, is still on its way.
_ENDED = frozenset({"available", "cancelled", "canceled", "error"})
_CANCELLED = frozenset({"cancelled", "canceled"})
# A session in any other state is alive or may still become so.
GONE = frozenset({"dead", "killed", "error", "success", "shutting_down"})
READY = frozenset({"idle", "busy"})


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session as `GET /sessions/{id}` shows it (SessionInfo of Livy's HttpMessages)."""

    id: int
    name: str
    state: str
    kind: str = ""
    owner: str = ""
    proxy_user: str = ""
    app_id: str = ""
    ui_url: str = ""
    log: tuple[str, ...] = ()
    new: bool = False  # we have just made it

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> SessionView:
        app_info = body.get("appInfo") or {}
        return cls(
            id=int(body["id"]),
            name=str(body.get("name") or ""),
            state=str(body.get("state") or "unknown"),
            kind=str(body.get("kind") or ""),
            owner=str(body.get("owner") or ""),
            proxy_user=str(body.get("proxyUser") or ""),
            app_id=str(body.get("appId") or ""),
            ui_url=str(app_info.get("sparkUiUrl") or ""),
            log=tuple(str(line) for line in body.get("log") or ()),
        )

    @property
    def gone(self) -> bool:
        return self.state in GONE

    def info(self) -> SessionInfo:
        """Return the same as engines tell it; a `pyspark` session speaks Python by default."""
        languages = {"pyspark": "python", "pyspark3": "python", "spark": "scala", "sparkr": "r"}
        return SessionInfo(
            id=str(self.id),
            name=self.name,
            engine="spark",
            state=self.state,
            owner=self.owner,
            proxy_user=self.proxy_user,
            language=languages.get(self.kind, self.kind),
            app_id=self.app_id,
            ui_url=self.ui_url,
            log=self.log,
        )


@dataclass(frozen=True, slots=True)
class StatementView:
    """One look at a statement; `started` and `completed` are epoch milliseconds, 0 when unset."""

    id: int
    state: str
    code: str = field(default="", repr=False)
    output: Mapping[str, Any] | None = field(default=None, repr=False)
    progress: float = 0.0
    started: int = 0
    completed: int = 0

    @classmethod
    def parse(cls, body: Mapping[str, Any]) -> StatementView:
        output = body.get("output")
        return cls(
            id=int(body["id"]),
            state=str(body.get("state") or "unknown"),
            code=str(body.get("code") or ""),
            output=output if isinstance(output, Mapping) else None,
            progress=float(body.get("progress") or 0.0),
            started=int(body.get("started") or 0),
            completed=int(body.get("completed") or 0),
        )

    @property
    def ended(self) -> bool:
        return self.state in _ENDED

    @property
    def half(self) -> bool:
        """Whether Livy showed it while writing it: the output and `completed` come last."""
        return self.state == "available" and self.output is None and not self.completed

    @property
    def cancelled(self) -> bool:
        """Whether it was stopped: Livy also calls so what ran to its end in spite of a cancel."""
        ran_to_its_end = self.output is not None and self.output.get("status") == "ok"
        return self.state in _CANCELLED and not ran_to_its_end

    @property
    def waiting(self) -> bool:
        return self.state == "waiting"

    @property
    def surely_stopped(self) -> bool:
        """Whether the code has really ended, or never began.

        Livy says `cancelled` after 30 s of asking even while driver code runs on; only an
        output, or that it was never started, proves the end.
        """
        return self.ended and (not self.cancelled or self.output is not None or not self.started)
