"""A session that answers stores' questions, over a plain interpreter on this machine."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from typing import Any

from emr_nb.context import Answer
from emr_nb.engines.livy.code import question_code
from emr_nb.results.frame import Answered, read_output
from emr_nb.testing.plain_session import PlainSession


class PlainAsking:
    """Asks as an open Livy session does (emr_nb.context.Asking); `asked` keeps the questions.

    `pretends` stands above what the interpreter tells of its machine, a driver elsewhere say.
    """

    label = "session 7"

    def __init__(self, session: PlainSession, pretends: Mapping[str, Any] | None = None) -> None:
        self.asked: list[Mapping[str, Any]] = []
        self.pretends = dict(pretends or {})
        self._session = session
        self._lock = threading.Lock()  # one statement at a time, as Livy runs them

    def ask(self, question: Mapping[str, Any]) -> Answer:
        tag = secrets.token_hex(16)
        with self._lock:
            self.asked.append(question)
            output = self._session.execute(question_code(tag, question, install=True))
        if output["status"] != "ok":
            raise AssertionError(f"{output['ename']}: {output['evalue']}")
        (part,) = read_output(output["data"]["text/plain"], tag)
        assert isinstance(part, Answered)
        return Answer({**part.header, **self.pretends}, part.payload)


class StoredAsking:
    """Reads objects as a session does whose Hadoop client has the key provider.

    `plain` is what the client makes of a key; `told` the size that it tells, where that is
    another one. `refuses` is what it answers instead.
    """

    label = "session 8"

    def __init__(self, plain: Mapping[str, bytes]) -> None:
        self.plain = dict(plain)
        self.told: dict[str, int] = {}
        self.refuses: dict[str, Any] = {}
        self.mark = "1"
        self.asked: list[Mapping[str, Any]] = []

    def ask(self, question: Mapping[str, Any]) -> Answer:
        self.asked.append(question)
        assert question["op"] == "stored"
        about = {"host": "ip-10-0-1-5", "user": "livy"}
        if self.refuses:
            return Answer({**about, **self.refuses})
        _, _, key = question["path"]
        data, start = self.plain[key[1:]], question["start"]
        told = {**about, "size": self.told.get(key[1:], len(data)), "mark": self.mark}
        return Answer(told, data[start : start + question["size"]])
