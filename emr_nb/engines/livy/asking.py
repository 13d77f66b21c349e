"""Questions of stores to one open session: small statements that only read.

They have no row in the journal, carry nothing of the user's but a path, and wait their turn
behind what runs in the session. Asked twice, they do no harm.
"""

from __future__ import annotations

import contextlib
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emr_nb.context import Answer
from emr_nb.engines.livy.cancelling import cancel_statement
from emr_nb.engines.livy.code import question_code
from emr_nb.engines.livy.payload import lacks_runner, reading_of, text_of
from emr_nb.engines.livy.watch import Watch
from emr_nb.errors import (
    DeadlineExceededError,
    EmrError,
    SessionLostError,
    StatementCancelledError,
    StatementError,
)
from emr_nb.model import Event, Progress
from emr_nb.results.frame import Answered, Part

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession

_TURN_SECONDS = 600.0  # behind other statements
_RUN_SECONDS = 60.0  # of a question itself
_TOLD_AFTER = 0.5  # seconds of waiting
_DROP_SECONDS = 5.0


class SessionAsks:
    """One open session as stores see it (emr_nb.context.Asking); usable from several threads."""

    def __init__(
        self,
        session: LivySession,
        told: Callable[[str], None],
        *,
        turn: float = _TURN_SECONDS,
        run: float = _RUN_SECONDS,
    ) -> None:
        self._session = session
        self._told = told
        self._turn = turn
        self._run = run

    @property
    def label(self) -> str:
        return f"session {self._session.info.id}"

    def ask(self, question: Mapping[str, Any]) -> Answer:
        try:
            self._session.still_ours()  # else somebody else's would answer
            tag, output = self._asked(question, install=False)
            if lacks_runner(output):
                tag, output = self._asked(question, install=True)
        except SessionLostError as error:
            self._session.ended = True
            raise self._session.explained(error) from error
        return self._answer(tag, output)

    # -- inside ---------------------------------------------------------------------------

    def _asked(
        self, question: Mapping[str, Any], *, install: bool
    ) -> tuple[str, Mapping[str, Any]]:
        """Send a question and wait for its end; what is given up is cancelled."""
        tag = secrets.token_hex(16)
        path = self._session.cancel_files.path(tag)
        code = question_code(tag, question, cancel_path=path, install=install)
        waiting = _Waiting(self.label, self._told, self._turn, self._run)
        number: int | None = None
        try:
            number = self._session.send(code, "pyspark", tag).id
            info, patience = self._session.info, self._session.patience
            watch = Watch(self._session.client, int(info.id), number, waiting.began, patience)
            for event in watch.events():
                waiting.saw(event)
            return tag, (watch.view.output if watch.view else None) or {}
        except (KeyboardInterrupt, DeadlineExceededError, StatementCancelledError):
            drop = (tag, number)
            threading.Thread(target=self._drop, args=drop, name="emr_nb-drop", daemon=True).start()
            raise
        finally:
            waiting.end()

    def _drop(self, tag: str, number: int | None) -> None:
        """Cancel a question that nobody waits for, beside the caller, who has no time."""
        with contextlib.suppress(EmrError):
            if number is None:  # interrupted while it was sent
                number = self._session.find(tag, _DROP_SECONDS)
            if number is not None:
                session = int(self._session.info.id)
                files = self._session.cancel_files
                client = self._session.client
                cancel_statement(client, files, session, number, tag, _DROP_SECONDS)

    def _answer(self, tag: str, output: Mapping[str, Any]) -> Answer:
        for part in self._parts(tag, output):
            if isinstance(part, Answered):
                return Answer(part.header, part.payload)
        name = str(output.get("ename") or "")
        if name == "KeyboardInterrupt" or not output:
            raise StatementCancelledError(
                "The question was cancelled in the session", ename=name, where=self._session.where
            )
        said = str(output.get("evalue") or text_of(output)).partition("<emr_nb")[0].strip()
        raise StatementError(
            f"The session did not answer: {name}: {said}",
            ename=name,
            evalue=said,
            where=self._session.where,
            advice="%emr restart gives a new one.",
        )

    def _parts(self, tag: str, output: Mapping[str, Any]) -> list[Part]:
        """Read the answer's parts, with the chunks that were too long for it."""
        steps = reading_of(output, tag)
        if steps is None:
            return []
        try:
            wanted = next(steps)
            while True:
                wanted = steps.send(self._session.chunk(tag, wanted.seq, wanted.index))
        except StopIteration as end:
            parts: list[Part] = end.value
            return parts


class _Waiting:
    """What is told of one question's way, and for how long it may take."""

    def __init__(self, label: str, told: Callable[[str], None], turn: float, run: float) -> None:
        self.began = time.monotonic()
        self._label = label
        self._told = told
        self._turn = turn
        self._run = run
        self._runs_since: float | None = None
        self._spoke = False

    def saw(self, event: Event) -> None:
        """Look at the clock; raises DeadlineExceededError."""
        if not isinstance(event, Progress):
            return
        now = time.monotonic()
        if event.phase == "queued":
            self._wait(event.queued_behind or 0, now - self.began)
            return
        self._runs_since = self._runs_since or now
        if now - self._runs_since > self._run:
            raise DeadlineExceededError(
                f"The session has read for {self._run:.0f} s without an answer",
                sent=True,
                where=self._label,
                advice="A disk that does not answer may be behind it; the question is cancelled.",
            )

    def _wait(self, behind: int, seconds: float) -> None:
        if seconds > self._turn:
            raise DeadlineExceededError(
                f"{self._label} has been busy for {seconds:.0f} s, and this waits for its turn",
                sent=True,
                where=self._label,
                advice="Ask again when its cell has ended, or end that: %emr cancel.",
            )
        if seconds > _TOLD_AFTER:
            self._spoke = True
            before = f", behind {behind}" if behind > 1 else ""
            self._told(f"{self._label} is busy: this waits for its turn{before}")

    def end(self) -> None:
        """Say that nothing is waited for any more, where something was said."""
        if self._spoke:
            self._told("")
