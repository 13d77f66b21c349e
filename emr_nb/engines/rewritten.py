"""Statements whose text is not the user's own: sent for them, and told in their words."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from emr_nb.engines.base import KeptTables, Statement
from emr_nb.engines.sql.origins import Origin
from emr_nb.engines.target_folder import TargetFolder
from emr_nb.errors import EmrError, JournalError, StatementError
from emr_nb.journal import Journal
from emr_nb.model import CancelOutcome, Event, Output, Request, StatementReference
from emr_nb.results.result import Result

_AGAIN_AFTER = 3.0  # seconds: a cancelled query's tasks may write a little longer


class Rewritten:
    """A statement that was sent in other words; its errors tell places in the user's own.

    `through_notebook` says why its engine does not write the `--to` itself, if it does not.
    """

    def __init__(self, inner: Statement, origin: Origin | None, through_notebook: str = "") -> None:
        self._inner = inner
        self._origin = origin
        self.through_notebook = through_notebook

    @property
    def reference(self) -> StatementReference:
        return self._inner.reference

    @reference.setter
    def reference(self, value: StatementReference) -> None:
        self._inner.reference = value

    @property
    def kept(self) -> KeptTables | None:
        found: KeptTables | None = getattr(self._inner, "kept", None)
        return found

    @property
    def values(self) -> Mapping[str, Any]:
        return getattr(self._inner, "values", None) or {}

    @property
    def request(self) -> Request | None:
        found: Request | None = getattr(self._inner, "request", None)
        return found

    @property
    def ended(self) -> bool:
        return bool(getattr(self._inner, "ended", False))

    def release(self) -> None:
        """Let go of what `kept` reads."""
        if release := getattr(self._inner, "release", None):
            release()

    def events(self) -> Iterator[Event]:
        yield from self._inner.events()

    def cancel(self) -> CancelOutcome:
        return self._inner.cancel()

    def result(self) -> Result | None:
        try:
            return self._inner.result()
        except StatementError as error:
            self.tell(error)
            raise

    def tell(self, error: StatementError) -> None:
        """Let an error tell places in what the user wrote; once."""
        origin, self._origin = self._origin, None
        if origin is not None:
            origin.tell(error)


@dataclass
class Writing:
    """What is left to do for a `--to` that an engine writes.

    `drop` removes the scratch table that it wrote, not its files; `empty` is the file of a
    result without rows.
    """

    folder: TargetFolder
    journal: Journal
    drop: Callable[[], object]
    empty: Callable[[], Iterable[bytes]]
    _over: bool = field(default=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def finish(self) -> None:
        """Put the files in place; raises FileError, and nothing is left behind then."""
        try:
            self.folder.put_in_place(self.empty)
        finally:
            self.abandon()

    def abandon(self, *, certain: bool = True) -> None:
        """Remove what is there; unless `certain` that nobody writes any more, it stays noted."""
        with self._lock:
            over, self._over = self._over, True
        gone = self.folder.remove()
        if not over:
            with suppress(EmrError):
                self.drop()
        if gone and certain:
            with suppress(JournalError):
                self.journal.update(self.folder.tag, spool="")


class TargetStatement(Rewritten):
    """A statement that writes a table for `--to`; it ends when the target has its files."""

    def __init__(self, inner: Statement, origin: Origin | None, writing: Writing) -> None:
        super().__init__(inner, origin)
        self._writing = writing
        self._failure: EmrError | None = None
        self._settled = False

    def events(self) -> Iterator[Event]:
        if self._settled:
            return
        try:
            for event in self._inner.events():
                if not isinstance(event, Output):  # `CREATE TABLE: 5 rows`
                    yield event
            self._inner.result()
        except EmrError as error:
            if isinstance(error, StatementError):
                self.tell(error)
            self._failure = error
            self._writing.abandon(certain=isinstance(error, StatementError))
        else:
            self._finish()
        self._settled = True

    def cancel(self) -> CancelOutcome:
        if self._settled:
            return CancelOutcome.ALREADY_ENDED
        outcome = self._inner.cancel()

        def clean() -> None:
            self._writing.abandon(certain=False)
            time.sleep(_AGAIN_AFTER)
            self._writing.abandon(certain=outcome is not CancelOutcome.STILL_RUNNING)

        threading.Thread(target=clean, name="emr_nb-clean", daemon=True).start()
        return outcome

    def result(self) -> Result | None:
        for _ in self.events():
            pass
        if self._failure is not None:
            raise self._failure
        return None

    def _finish(self) -> None:
        try:
            self._writing.finish()
        except EmrError as error:
            self._failure = error
            with suppress(JournalError):
                tag = self.reference.tag
                self._writing.journal.update(tag, state="failed", error=error.what[:2000])
