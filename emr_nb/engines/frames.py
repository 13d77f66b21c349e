"""Local frames as tables that a SQL engine reads: in a private schema of one session.

A frame lies as one Parquet file in the session's private folder. A table over it has storage
types, a view of the frame's name what was sent. A statement of the session reads the view by
that plain name, whatever its database is. The schema goes with the session, and where the
process died with the next session of the same user.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, ClassVar

from emr_nb.engines.inputs import LocalInput, Staged
from emr_nb.engines.scratch import Scratch, scratch_of
from emr_nb.engines.sql.framing import framed
from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.literals import identifier
from emr_nb.engines.sql.naming import parts_of, qualified
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.target_folder import folder_of, hdfs_of, store_for
from emr_nb.errors import EmrError, JournalError, TableExistsError, UsageError
from emr_nb.journal import OPEN_STATES, SessionRow, owner_is_gone, reference_of
from emr_nb.model import Event, FilePath, Progress, StatementReference
from emr_nb.results.outgoing import Outgoing
from emr_nb.results.outgoing_sql import SqlWay
from emr_nb.results.parquet_out import ParquetOut

if TYPE_CHECKING:
    from emr_nb.context import ClusterContext

Notify = Callable[[Event], None]
_KIND = "frames"  # behind the engine's name in the journal's rows of schemas


class Frames(ABC):
    """The frames of one session; an engine says how its SQL spells what is done."""

    rules: ClassVar[Lexicon]
    title: str

    def __init__(self, context: ClusterContext, engine: str, readers: Collection[str]) -> None:
        self._context = context
        self._engine = engine
        self._readers = set(readers)
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._scratch: Scratch | None = None
        self._schema = ""

    # -- what an engine says --------------------------------------------------------------

    @abstractmethod
    def run(self, sql: str) -> None:
        """Run a statement of ours; raises StatementError."""

    def run_briefly(self, sql: str) -> None:
        """Run a statement that nobody waits long for."""
        self.run(sql)

    @abstractmethod
    def schema_name(self, name: str) -> str:
        """Return a new schema's whole name as SQL takes it; raises UsageError."""

    @abstractmethod
    def make_schema(self, schema: str, folder: FilePath) -> str:
        """Return the statement that makes the schema, with its own tables in this folder."""

    @abstractmethod
    def make_table(self, table: str, columns: Sequence[tuple[str, str]], folder: FilePath) -> str:
        """Return the statement that makes a table of the files in a folder."""

    @abstractmethod
    def expression(self, way: SqlWay, column: str) -> str:
        """Return the SQL that makes what was sent of a column."""

    @abstractmethod
    def copy(self, parts: Sequence[str], view: str, item: LocalInput) -> None:
        """Make the table of this name of a frame's view; raises UsageError, StatementError."""

    @abstractmethod
    def column_name(self, frame: Outgoing, name: str) -> str:
        """Return what a column is called there; raises UsageError where it can be none."""

    # -- what a session asks --------------------------------------------------------------

    @property
    def names(self) -> Sequence[str]:
        """The names of the frames that are there."""
        return list(self._names)

    def placed(self, text: str) -> Placed:
        """Return a statement in which the frames' names are those of their views."""
        return framed(text, dict(self._names), self.rules) if self._names else Placed(text)

    def stage(self, inputs: Sequence[LocalInput], notify: Notify | None) -> Staged:
        """Send frames; values are bound by {{name}} where the statement has it.

        Raises UsageError before anything is sent, FileError, StatementError.
        """
        frames = [item for item in inputs if item.frame is not None]
        named = [(item, self._columns(item)) for item in frames]
        rows, notices, undone = {}, [], []
        for item, columns in named:
            assert item.frame is not None
            notices += [f"{item.name}: {text}" for text in item.frame.notices]
            notices += self._renamed(item.frame, columns)
            view, rows[item.name], undo = self._sent(item, columns, notify)
            undone.append(undo)
            if item.table:
                self._copied(item, view)
            else:
                self._names[item.name.lower()] = view

        def undo_all() -> None:
            for undo in undone:
                undo()

        return Staged("", tuple(notices), rows, undo_all)

    def schema(self) -> tuple[str, Scratch]:
        """Return the private schema, made on first use, and the folder of its files.

        Raises UsageError, FileError, StatementError.
        """
        with self._lock:
            if self._scratch is None or not self._schema:
                user = re.sub(r"[^a-z0-9]+", "_", self._context.user.lower())
                name = self.schema_name(f"emr_nb_{user}_{secrets.token_hex(4)}")
                self._scratch = self._scratch or self._folder()
                self._schema = self._made(name, self._scratch)
            return self._schema, self._scratch

    def close(self) -> None:
        """Drop the schema and remove the files; what resists is the next session's to do."""
        with self._lock:
            schema, self._schema = self._schema, ""
            scratch, self._scratch = self._scratch, None
            self._names.clear()
        if scratch is not None:
            self._drop(schema, scratch)

    def sweep_beside(self, end: Callable[[StatementReference], object]) -> None:
        """Sweep on a thread, beside the caller."""
        threading.Thread(target=self.sweep, args=(end,), name="emr_nb-sweep", daemon=True).start()

    def sweep(self, end: Callable[[StatementReference], object]) -> None:
        """Drop what sessions of processes that are gone left, schemas and folders of `--to`.

        `end` ends a statement that may still write one.
        """
        journal, cluster = self._context.journal, self._context.cluster.id
        with suppress(EmrError):
            for row in journal.sessions(cluster):
                if row.engine == f"{self._engine} {_KIND}" and owner_is_gone(row):
                    store = store_for(self._context, path := FilePath.parse(row.session))
                    if store is not None:
                        self._drop(row.name, Scratch(store, path))
            for spool in journal.spools(cluster):
                if spool.engine == self._engine and owner_is_gone(spool):
                    if spool.state in OPEN_STATES:
                        with suppress(EmrError):
                            end(reference_of(spool))
                    folder = folder_of(self._context, spool.spool)
                    if folder is not None and folder.remove():
                        journal.update(spool.tag, spool="")

    # -- inside ---------------------------------------------------------------------------

    def _folder(self) -> Scratch:
        number = f"{self._engine}-{secrets.token_hex(4)}"
        found = scratch_of(self._context, number, self._readers, hdfs_of(self._context))
        if found is None:
            raise UsageError(
                f"No store that both this notebook and {self.title} reach takes a frame",
                where=self._context.cluster.name,
                advice="Set EmrNb.spool to an S3 prefix that both reach.",
            )
        return found

    def _made(self, schema: str, scratch: Scratch) -> str:
        row = SessionRow(
            *(self._context.cluster.id, f"{self._engine} {_KIND}", schema, str(scratch.home))
        )
        self._context.journal.remember_session(row, new=True)
        self.run(self.make_schema(schema, scratch.path("schema")))
        return schema

    def _drop(self, schema: str, scratch: Scratch) -> None:
        with suppress(EmrError):
            if schema:
                self.run_briefly(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
            if scratch.remove(scratch.home):
                with suppress(JournalError):
                    self._context.journal.forget_session(
                        *(self._context.cluster.id, f"{self._engine} {_KIND}", str(scratch.home))
                    )

    def _columns(self, item: LocalInput) -> list[str]:
        """Return the columns' names there; raises UsageError for what cannot be sent."""
        frame = item.frame
        assert frame is not None
        if not frame.columns:
            raise UsageError(
                f"{item.name} has no columns, and {self.title} has no such table",
                advice="Nothing was sent.",
            )
        found: dict[str, str] = {}
        for column in frame.columns:
            name = self.column_name(frame, column.name)
            if (other := found.get(name.lower())) is not None:
                raise UsageError(
                    f"{item.name}: columns {other!r} and {column.name!r} have one name for "
                    f"{self.title}, which takes no notice of case",
                    advice="Nothing was sent. Rename one of them.",
                )
            found[name.lower()] = column.name
        return [self.column_name(frame, column.name) for column in frame.columns]

    def _renamed(self, frame: Outgoing, columns: Sequence[str]) -> Iterator[str]:
        pairs = zip(frame.columns, columns, strict=True)
        others = [f"{c.name!r} is {name!r}" for c, name in pairs if c.name != name]
        if others:
            more = " …" * (len(others) > 5)
            yield f"{frame.name}: in {self.title} {', '.join(others[:5])}{more}"

    def _sent(
        self, item: LocalInput, columns: Sequence[str], notify: Notify | None
    ) -> tuple[str, int, Callable[[], None]]:
        """Return the view of a frame, its rows, and what takes both back."""
        frame = item.frame
        assert frame is not None
        schema, scratch = self.schema()
        number = secrets.token_hex(6)
        folder = scratch.folder(f"in-{number}")
        table = f"{schema}.{identifier(f'in_{number}', 'name', self.rules)}"
        name = f"{item.name.lower()}_{number}" if item.table else item.name.lower()
        view = f"{schema}.{identifier(name, 'name', self.rules)}"

        def undo() -> None:
            with suppress(EmrError):
                if self._names.get(item.name.lower()) == view:
                    del self._names[item.name.lower()]
                self.run(f"DROP VIEW IF EXISTS {view}")
                self.run(f"DROP TABLE IF EXISTS {table}")
                scratch.remove(folder)

        try:
            out = ParquetOut(frame)
            chunks = _watched(out, frame, notify)
            scratch.store.write(folder.child("frame.parquet"), chunks)
            stored = [(f"c{at}", str(c.way.read)) for at, c in enumerate(frame.columns)]
            self.run(self.make_table(table, stored, folder))
            self.run(f"CREATE OR REPLACE VIEW {view} AS SELECT {self._selected(frame, columns)} "
                     f"FROM {table}")  # fmt: skip
        except BaseException:
            undo()
            raise
        return view, out.rows, undo

    def _selected(self, frame: Outgoing, columns: Sequence[str]) -> str:
        made = []
        for at, (column, name) in enumerate(zip(frame.columns, columns, strict=True)):
            assert isinstance(column.way, SqlWay)
            value = self.expression(column.way, f"c{at}")
            made.append(f"{value} AS {identifier(name, 'name', self.rules)}")
        return ", ".join(made)

    def _copied(self, item: LocalInput, view: str) -> None:
        """Make a table that lasts of a frame; an older one stays until the new one is whole."""
        parts = parts_of(item.table, self.rules)
        table = qualified(parts, self.rules)
        there = self._is_there(table)
        if there and not item.overwrite:
            raise TableExistsError(
                f"The table {item.table} is there already; nothing was changed",
                where=self.title,
                advice="--overwrite replaces it.",
            )
        if not there:
            self.copy(parts, view, item)
            return
        made = [*parts[:-1], f"{parts[-1]}_{secrets.token_hex(6)}"]
        new = qualified(made, self.rules)
        self.copy(made, view, item)
        self.run(f"DROP TABLE {table}")
        self.run(f"ALTER TABLE {new} RENAME TO {table}")

    def _is_there(self, table: str) -> bool:
        try:
            self.run(f"DESCRIBE {table}")
        except EmrError:
            return False
        return True


def _watched(out: ParquetOut, frame: Outgoing, notify: Notify | None) -> Iterator[bytes]:
    """Yield the chunks of a file and tell how far they are."""
    total, began = frame.source.rows, time.monotonic()
    for chunk in out:
        yield chunk
        if notify is not None:
            done = min(out.rows / total, 0.99) if total else None
            elapsed = time.monotonic() - began
            notify(
                Progress(
                    *("sending", elapsed, done), detail=frame.name, rows=out.rows, bytes=out.bytes
                )
            )
