"""One browser on a page: its questions come as messages, answers go out when they are there.

Messages are documented in labextension/files-mime.md. They may come on another thread than the
one that runs cells; whatever asks a store is done on the pools' threads, never on theirs.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from emr_nb.browsing import changing, formats, peeking, snippets
from emr_nb.browsing.changing import Plan
from emr_nb.browsing.columns import columns_of, late_texts, texts
from emr_nb.browsing.listing import Listing
from emr_nb.browsing.places import above, parts_of, typed
from emr_nb.errors import EmrError, UsageError
from emr_nb.files.abilities import Details
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry, FilePath
from emr_nb.notebook.browser import asked
from emr_nb.notebook.browser.asked import Question
from emr_nb.notebook.browser.fetching import Download
from emr_nb.notebook.browser.pool import Pool
from emr_nb.wording import printable, printable_lines

_TOLD_EVERY = 0.2  # seconds between two messages of a growing listing
_FACTS_KEPT = 5000


class Stores(Protocol):
    """What a browser needs of an attached cluster."""

    @property
    def name(self) -> str: ...
    def filesystem(self, path: FilePath) -> FileSystem: ...
    def path(self, text: str) -> FilePath: ...


@dataclass(frozen=True)
class Pools:
    """The threads of all browsers of a kernel, by what they are for."""

    lists: Pool = field(default_factory=lambda: Pool("browse-list", 4))
    rows: Pool = field(default_factory=lambda: Pool("browse-rows", 2))
    facts: Pool = field(default_factory=lambda: Pool("browse-facts", 6))
    looks: Pool = field(default_factory=lambda: Pool("browse-looks", 3))
    moves: Pool = field(default_factory=lambda: Pool("browse-moves", 2))

    def clear(self) -> None:
        """Forget what waits."""
        for pool in (self.lists, self.rows, self.facts, self.looks, self.moves):
            pool.clear()


class View:
    """One open browser; `send` takes its answers, from any thread."""

    def __init__(
        self, cluster: Stores, start: FilePath, pools: Pools, send: Callable[[Any], None]
    ) -> None:
        self._cluster = cluster
        self._here = start
        self._pools = pools
        self._send_raw = send
        self._sending = threading.Lock()
        self._lock = threading.Lock()
        self._listing: Listing | None = None
        self._numbers = 0
        self._facts: dict[tuple[int, int], list[str]] = {}
        self._plans: dict[int, Plan] = {}
        self._downloads: dict[int, Download] = {}
        self._closed = False

    def begin(self) -> None:
        """Say that it lives, and list the first folder."""
        self._send({"type": "ready", "cluster": printable(self._cluster.name)})
        self._open(self._here, 0)

    def close(self) -> None:
        """Ask for nothing more; downloads go on to their end."""
        self._closed = True
        if self._listing is not None:
            self._listing.stop()

    def receive(self, message: Mapping[str, Any]) -> None:
        """Take one message of the page; never raises, never waits for a store."""
        question = asked.read(message)
        handlers: dict[str, Callable[[Question], None]] = {
            "list": self._on_list, "rows": self._on_rows, "detail": self._on_detail,
            "preview": self._on_preview, "code": self._on_code, "path": self._on_path,
            "download": self._on_download, "cancel": self._on_cancel, "plan": self._on_plan,
            "do": self._on_do,
        }  # fmt: skip
        handler = handlers.get(question.type)
        if handler is not None:
            self._guarded(question, lambda: handler(question))

    # -- folders ----------------------------------------------------------------------

    def _on_list(self, question: Question) -> None:
        if question.kind == "part":
            parts = parts_of(self._here)
            target = parts[min(question.number, len(parts) - 1)][1]
        elif question.kind == "up":
            target = above(self._here)
        elif question.kind == "entry":
            target = self._entries(question)[0].path
        elif question.kind == "path":
            target = typed(question.text, self._here, self._cluster.path)
        else:
            target = self._here
        self._open(target, question.seq)

    def _open(self, path: FilePath, seq: int) -> None:
        with self._lock:
            if self._listing is not None:
                self._listing.stop()
            self._numbers += 1
            number = self._numbers
            self._here = path
            self._facts.clear()
            self._listing = None
        self._pools.lists.put((id(self), "list"), lambda: self._list(path, number, seq))

    def _list(self, path: FilePath, number: int, seq: int) -> None:
        try:
            store = self._cluster.filesystem(path)
        except EmrError as error:
            self._fail(seq, "list", error)
            return
        columns = columns_of(path, details=isinstance(store, Details))
        listing = Listing(number, path, store, columns)
        with self._lock:
            if number != self._numbers or self._closed:
                return
            self._listing = listing
        self._send({
            "type": "folder", "seq": seq, "listing": number, "path": printable(str(path)),
            "parts": [name for name, _ in parts_of(path)],
            "columns": [c.heading() for c in columns],
        })  # fmt: skip
        told = _Teller(lambda: self._send(_count(listing)))
        try:
            listing.fill(lambda: told(last=listing.done))
        except Exception as error:  # noqa: BLE001 - a store of a third party may raise anything
            listing.error = EmrError(f"{type(error).__name__}: {error}")
            listing.done = True
            self._send(_count(listing))
        if listing.error is not None and not listing.stopped:
            self._fail(seq, "list", listing.error)

    def _on_rows(self, question: Question) -> None:
        listing = self._current(question)
        if listing is not None:
            self._pools.rows.put((id(self), "rows"), lambda: self._rows(listing, question))

    def _rows(self, listing: Listing, question: Question) -> None:
        def work() -> None:
            found = listing.window(question.start, question.count, question.order, question.text)
            entries = [listing.entry(n) for n in found.ids]
            self._send({
                "type": "rows", "seq": question.seq, "listing": listing.number,
                "start": found.start, "total": found.total, "ids": list(found.ids),
                "kinds": [e.kind for e in entries],
                "rows": [texts(listing.columns, e) for e in entries],
            })  # fmt: skip

        self._guarded(question, work)

    # -- one entry ----------------------------------------------------------------------

    def _on_detail(self, question: Question) -> None:
        listing = self._current(question)
        if listing is None or not isinstance(listing.store, Details):
            return
        known = {n: self._facts[key] for n in question.ids
                 if (key := (listing.number, n)) in self._facts}  # fmt: skip
        if known:
            self._send_facts(listing, known)
        for number in question.ids:
            if number not in known:
                self._pools.facts.put(
                    (id(self), "detail", number),
                    lambda n=number: self._detail(listing, n),  # type: ignore[misc]
                )

    def _detail(self, listing: Listing, number: int) -> None:
        if listing.stopped or self._closed:
            return
        store, entry = listing.store, listing.entry(number)
        try:
            assert isinstance(store, Details)
            found = [""] * 3 if entry.is_directory else late_texts(store.detail(entry.path))
        except EmrError as error:
            found = [printable(error.what.partition("\n")[0]), "", ""]
        if len(self._facts) < _FACTS_KEPT:
            self._facts[listing.number, number] = found
        self._send_facts(listing, {number: found})

    def _send_facts(self, listing: Listing, facts: Mapping[int, list[str]]) -> None:
        self._send({"type": "detail", "listing": listing.number,
                    "texts": {str(n): t for n, t in facts.items()}})  # fmt: skip

    def _on_preview(self, question: Question) -> None:
        entry, store = self._entry(question)

        def work() -> None:
            found = peeking.peek(store, entry)
            name = printable(entry.name)
            self._send({"type": "preview", "seq": question.seq, "name": name, **found.message()})

        self._pools.looks.put((id(self), "preview"), lambda: self._guarded(question, work))

    def _on_code(self, question: Question) -> None:
        entry, store = self._entry(question)

        def work() -> None:
            code = self._code(question.kind, entry, store)
            self._send({"type": "code", "seq": question.seq, "kind": question.kind, "text": code})

        self._pools.looks.put((id(self), "code"), lambda: self._guarded(question, work))

    def _code(self, kind: str, entry: FileEntry, store: FileSystem) -> str:
        told = formats.look_into(store, entry)
        if kind == "spark":
            return snippets.spark(entry, told)
        if kind == "hive":
            folder = entry.path if entry.is_directory else above(entry.path)
            columns = peeking.hive_columns(store, entry)
            return snippets.hive(entry, str(folder), told, columns)
        if kind == "pandas":
            return snippets.pandas(entry, told, self._cluster.name)
        raise UsageError(f"There is no code {kind!r}", advice=", ".join(snippets.KINDS))

    def _on_path(self, question: Question) -> None:
        paths = [str(entry.path) for entry in self._entries(question)]
        try:
            "".join(paths).encode()
        except UnicodeEncodeError:
            raise UsageError(
                "This name is not UTF-8, so no text is its path",
                advice="In Python it is " + ", ".join(map(repr, paths)),
            ) from None
        self._send({"type": "path", "seq": question.seq, "text": "\n".join(paths)})

    # -- downloads and changes ----------------------------------------------------------

    def _on_download(self, question: Question) -> None:
        entry, store = self._entry(question)
        with self._lock:
            number = max(self._downloads, default=0) + 1
            made = Download(number, store, entry, Path.cwd())
            self._downloads[number] = made
        waits = {"type": "job", "job": number, "state": "running", "done": 0, "total": None}
        self._send({**waits, "text": f"{printable(entry.name)}: waits"})
        self._pools.moves.put((id(self), "job", number), lambda: made.run(self._send))

    def _on_cancel(self, question: Question) -> None:
        found = self._downloads.get(question.number)
        if found is not None:
            found.cancel()

    def _on_plan(self, question: Question) -> None:
        listing = self._current(question)
        if listing is None:
            return
        entries = self._entries(question) if question.ids or question.count else []

        def work() -> None:
            if question.kind == "mkdir":
                plan = changing.new_folder(listing.store, listing.path, question.text)
            elif question.kind == "rename" and entries:
                plan = changing.rename(listing.store, entries[0], question.text)
            else:
                plan = changing.delete(listing.store, entries)
            self._send_plan(question, plan)

        self._pools.looks.put((id(self), "plan"), lambda: self._guarded(question, work))

    def _send_plan(self, question: Question, plan: Plan) -> None:
        with self._lock:
            self._plans = {question.seq: plan}  # only what was told last can be confirmed
        self._send({
            "type": "plan", "seq": question.seq, "plan": question.seq, "title": plan.title,
            "lines": list(plan.lines), "button": plan.button, "danger": plan.danger,
        })  # fmt: skip

    def _on_do(self, question: Question) -> None:
        with self._lock:
            plan = self._plans.pop(question.number, None)
        if plan is None:
            raise UsageError("This is confirmed already, or no longer", advice="Ask for it again.")

        def work() -> None:
            done = plan.act()
            if isinstance(done, Plan):
                self._send_plan(question, done)
                return
            self._send({"type": "done", "seq": question.seq, "text": done})

        self._pools.moves.put((id(self), "do", question.seq), lambda: self._guarded(question, work))

    # -- inside -------------------------------------------------------------------------

    def _current(self, question: Question) -> Listing | None:
        """Return the listing that a question means, if it is still the one shown."""
        with self._lock:
            found = self._listing
        return found if found is not None and found.number == question.listing else None

    def _entries(self, question: Question) -> list[FileEntry]:
        listing = self._current(question)
        if listing is None:
            raise UsageError("The folder has changed meanwhile", advice="Click the row again.")
        try:
            found = [listing.entry(n) for n in self._numbers_of(listing, question)]
        except IndexError:
            found = []
        if not found:
            raise UsageError("Nothing is selected", advice="Click a row first.")
        return found

    @staticmethod
    def _numbers_of(listing: Listing, question: Question) -> Sequence[int]:
        """Return what is selected: the page holds few of a long range's rows, the listing all."""
        if not question.count:
            return question.ids
        found = listing.numbers(question.start, question.count, question.order, question.text)
        if len(found) != question.count or not set(question.ids) <= set(found):
            raise UsageError("The folder has changed meanwhile", advice="Select the rows again.")
        return found

    def _entry(self, question: Question) -> tuple[FileEntry, FileSystem]:
        entry = self._entries(question)[0]
        return entry, self._cluster.filesystem(entry.path)

    def _guarded(self, question: Question, work: Callable[[], None]) -> None:
        """Do work whose failure is an answer too."""
        try:
            work()
        except EmrError as error:
            self._fail(question.seq, question.type, error)
        except Exception as error:  # noqa: BLE001 - a front end's message must not break the kernel
            self._fail(question.seq, question.type, EmrError(f"{type(error).__name__}: {error}"))

    def _fail(self, seq: int, about: str, error: EmrError) -> None:
        self._send({
            "type": "error", "seq": seq, "about": about, "what": printable_lines(error.what),
            "where": printable(error.where), "advice": printable_lines(error.advice),
        })  # fmt: skip

    def _send(self, message: dict[str, Any]) -> None:
        if not self._closed:
            with self._sending:
                self._send_raw(message)


class _Teller:
    """Calls at most every so often, and always at the first and last time."""

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._told = 0.0

    def __call__(self, *, last: bool) -> None:
        now = time.monotonic()
        if last or now - self._told >= _TOLD_EVERY:
            self._told = now
            self._tell()


def _count(listing: Listing) -> dict[str, Any]:
    return {"type": "count", "listing": listing.number, **listing.sums()}
