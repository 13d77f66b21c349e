"""A cluster without a cluster: an engine that answers from a script, and files in memory.

For tests of whatever sits on the engine and file-system protocols. A script is a function
of the request that yields events, then an error or a Result; it runs when events are asked.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from emr_nb.cluster_files import ClusterFiles
from emr_nb.engines.base import Engine, Session, Statement
from emr_nb.engines.inputs import LocalInput, Staged
from emr_nb.errors import (
    PathExistsError,
    PathNotFoundError,
    ServiceNotInstalledError,
    SessionNotFoundError,
)
from emr_nb.files.base import FileSystem
from emr_nb.files.paths import cluster_path
from emr_nb.journal import Journal, StatementRow
from emr_nb.model import (
    Application,
    CancelOutcome,
    CatalogNode,
    Cluster,
    Column,
    Completion,
    Event,
    FileEntry,
    FilePath,
    Page,
    Progress,
    Request,
    Service,
    SessionInfo,
    SessionOptions,
    StatementReference,
)
from emr_nb.results.plan import TransferPlan
from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.cluster import AttachedCluster

Step = Event | Result | BaseException
Script = Callable[[Request], Iterable[Step]]


def result_of(table: pa.Table, types: Mapping[str, str] | None = None) -> Result:
    """Return a whole Result over an Arrow table; engine types are Arrow's unless given."""
    named = types or {}
    columns = tuple(Column(f.name, named.get(f.name, str(f.type))) for f in table.schema)
    return Result(table, columns)


def no_answer(request: Request) -> Iterable[Step]:
    """Answer nothing: the statement ends without a table."""
    del request
    return ()


class FakeStatement:
    """One run of a script; counts as cancelled once `cancel` was called."""

    def __init__(
        self, engine: FakeEngine, request: Request, plan: TransferPlan, session: str
    ) -> None:
        self.reference = StatementReference(request.tag, engine.cluster_id, engine.name, session)
        self._engine = engine
        self._steps = iter(engine.script(request))
        self._plan = plan
        self._result: Result | None = None
        self._error: BaseException | None = None
        self._output = request.output
        self.values: dict[str, object] = {}
        self.request = request
        self.ended = False
        self.cancelled = threading.Event()

    def events(self) -> Iterator[Event]:
        self._update(state="running")
        for step in self._steps:
            if isinstance(step, Result) and step.is_value and self._output:
                self.values[self._output] = step.value
            elif isinstance(step, Result):
                self._result = _limited(step, self._plan.limit)
            elif isinstance(step, BaseException):
                if isinstance(step, KeyboardInterrupt):
                    raise step
                self._error = step
                return
            else:
                yield step

    def cancel(self) -> CancelOutcome:
        self.cancelled.set()
        self._engine.cancels.append(self.reference.tag)
        time.sleep(self._engine.cancel_seconds)
        self._update(state="cancelled")
        return self._engine.cancel_outcome

    def result(self) -> Result | None:
        if self._error is not None:
            self._update(state="failed", error=str(self._error))
            raise self._error
        self._update(state="done", rows=None if self._result is None else len(self._result))
        return self._result

    def _update(self, **changes: str | float | None) -> None:
        if self._engine.journal is not None:
            self._engine.journal.update(self.reference.tag, **changes)


def _limited(result: Result, limit: int | None) -> Result:
    if limit is None or len(result) <= limit:
        return result
    return Result(result.table.slice(0, limit), result.columns, truncated=True)


class FakeSession:
    """A session of a FakeEngine."""

    def __init__(self, engine: FakeEngine, info: SessionInfo) -> None:
        self.info = info
        self._engine = engine

    def submit(self, request: Request, plan: TransferPlan) -> Statement:
        self._engine.requests.append(request)
        if self._engine.journal is not None:
            self._engine.journal.begin(
                StatementRow(
                    *(request.tag, self._engine.cluster_id, self._engine.name, self.info.id),
                    language=request.language,
                    notebook=request.notebook,
                    cell=request.cell_id,
                    text=request.code if self._engine.history else "",
                    line=request.line if self._engine.history else "",
                )
            )
        if self._engine.submit_error is not None:
            raise self._engine.submit_error
        statement = FakeStatement(self._engine, request, plan, self.info.id)
        self._engine.statements[request.tag] = statement
        return statement

    def stage(
        self,
        inputs: Sequence[LocalInput],
        *,
        language: str,
        notify: Callable[[Event], None] | None = None,
    ) -> Staged:
        if self._engine.stage_error is not None:
            raise self._engine.stage_error
        if notify is not None:
            notify(Progress("sending", 0.0, fraction=0.5))
        self._engine.staged.append((language, tuple(inputs)))
        rows = {i.name: i.frame.source.rows or 0 for i in inputs if i.frame is not None}
        notices = tuple(n for i in inputs if i.frame is not None for n in i.frame.notices)
        undo = lambda: self._engine.undone.extend(i.name for i in inputs)  # noqa: E731
        return Staged("[…]", notices, rows, undo)

    def refresh(self) -> SessionInfo:
        return self.info

    def touch(self) -> float:
        self._engine.touched.append(self.info.name)
        return self._engine.touch_every

    def close(self) -> None:
        self._engine.closed.append(self.info.name)
        self._engine.alive.pop(self.info.name, None)


class FakeEngine:
    """An engine whose statements follow a script; what it was asked stays to be looked at."""

    name = "spark"

    def __init__(self, script: Script = no_answer, journal: Journal | None = None) -> None:
        self.script = script
        self.journal = journal
        self.cluster_id = "j-FAKE"
        self.history = True
        self.start_seconds = 0.0
        self.cancel_seconds = 0.0
        self.cancel_outcome = CancelOutcome.STOPPED
        self.submit_error: BaseException | None = None
        self.completions: tuple[Completion, ...] = ()
        self.completed_in: list[str] = []
        self.log_lines: tuple[str, ...] = ("INFO ready",)
        self.alive: dict[str, SessionInfo] = {}
        self.opened: list[SessionOptions] = []
        self.requests: list[Request] = []
        self.statements: dict[str, FakeStatement] = {}
        self.cancels: list[str] = []
        self.closed: list[str] = []
        self.touched: list[str] = []
        self.touch_every = 900.0
        self.staged: list[tuple[str, tuple[LocalInput, ...]]] = []
        self.stage_error: BaseException | None = None
        self.undone: list[str] = []

    def sessions(self) -> Sequence[SessionInfo]:
        return list(self.alive.values())

    def open(
        self, options: SessionOptions, notify: Callable[[Event], None] | None = None
    ) -> Session:
        self.opened.append(options)
        if notify is not None:
            notify(Progress("starting", 0.0, detail="ACCEPTED in YARN"))
        if options.name not in self.alive:
            if not options.create:
                raise SessionNotFoundError(f"No session is called {options.name!r}")
            time.sleep(self.start_seconds)
            number = str(len(self.opened))
            self.alive[options.name] = SessionInfo(number, options.name, self.name, "idle")
        return FakeSession(self, self.alive[options.name])

    def recover(self, reference: StatementReference) -> Statement | None:
        return self.statements.get(reference.tag)

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        del parent
        return ()

    def complete(
        self,
        code: str,
        cursor: int,
        session: Session | None = None,
        language: str = "python",
    ) -> Sequence[Completion]:
        del code, cursor, session
        self.completed_in.append(language)
        return self.completions

    def logs(self, session_id: str, size: int = 200) -> Sequence[str]:
        del session_id
        return self.log_lines[-size:]

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class MemoryFileSystem:
    """Files in memory, by the whole path's text; directories are what paths imply."""

    scheme: str
    files: dict[str, bytes] = field(default_factory=dict)
    page_size: int = 1000
    modified: datetime = datetime(2013, 1, 1, 5, 15, tzinfo=UTC)

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        entries = self._below(path)
        if not entries:
            return Page([self.info(path)])
        names = sorted(name for name in entries if after is None or name > after)
        items = [entries[name] for name in names[: self.page_size]]
        return Page(items, names[self.page_size - 1] if len(names) > self.page_size else None)

    def info(self, path: FilePath) -> FileEntry:
        if str(path) in self.files:
            return self._entry(path, "file", len(self.files[str(path)]))
        if self._below(path) or path.key in ("/", ""):
            return self._entry(path, "directory", 0)
        raise PathNotFoundError("Nothing is there", where=str(path))

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        self.info(path)
        data = self.files[str(path)]
        yield data[start : None if length is None else start + length]

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        if str(path) in self.files and not overwrite:
            raise PathExistsError("Something is there already", where=str(path))
        self.files[str(path)] = b"".join(chunks)
        return self.info(path)

    def mkdir(self, path: FilePath) -> None:
        """Directories are implied."""

    def mv(self, source: FilePath, target: FilePath) -> None:
        for name in [n for n in self.files if n == str(source) or self._in(source, n)]:
            self.files[str(target) + name[len(str(source)) :]] = self.files.pop(name)

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        gone = [n for n in self.files if n == str(path) or (recursive and self._in(path, n))]
        for name in gone:
            del self.files[name]

    def _in(self, path: FilePath, name: str) -> bool:
        return name.startswith(str(path).rstrip("/") + "/")

    def _below(self, path: FilePath) -> dict[str, FileEntry]:
        base = path if path.key.endswith("/") or not path.key else path.child("")
        found: dict[str, FileEntry] = {}
        for name, data in self.files.items():
            if not name.startswith(str(base)):
                continue
            first, slash, _ = name[len(str(base)) :].partition("/")
            kind, size = ("directory", 0) if slash else ("file", len(data))
            found[first] = self._entry(base.child(first), kind, size)
        return found

    def _entry(self, path: FilePath, kind: str, size: int) -> FileEntry:
        mode = "755" if kind == "directory" else "644"
        return FileEntry(path, kind, size, self.modified, "hadoop", "hadoop", mode)


class FakeCluster:
    """An attached cluster made of a FakeEngine and a MemoryFileSystem per scheme.

    `engines` may have others beside `spark`, by their names, and `waiting` those that a cell
    can have started: one that is an exception does not start.
    """

    def __init__(self, engine: FakeEngine | None = None, *, name: str = "fake") -> None:
        self.spark = engine or FakeEngine()
        self.info = Cluster(
            id=self.spark.cluster_id,
            name=name,
            state="WAITING",
            provider="fake",
            release="emr-7.9.0",
            applications=(Application("Spark", "3.5.5"), Application("Hadoop", "3.4.1")),
            idle_timeout=3600,
        )
        self.name = name
        self.user = "ada"
        self.services: tuple[Service, ...] = (Service("livy"), Service("webhdfs"), Service("s3"))
        self.stores = {"hdfs": MemoryFileSystem("hdfs"), "s3": MemoryFileSystem("s3")}
        self.closed = False
        self.engines: dict[str, Engine] = {}
        self.waiting: dict[str, Engine | BaseException] = {}

    def gainable(self) -> Mapping[str, str]:
        return dict.fromkeys(self.waiting, "1.2")

    def gain(self, engine: str, notify: Callable[[str], None]) -> None:
        notify(f"starting {engine}")
        found = self.waiting[engine]
        if isinstance(found, BaseException):
            raise found
        self.engines[engine] = found
        self.services = (*self.services, Service(engine, version="1.2"))
        del self.waiting[engine]

    @property
    def files(self) -> ClusterFiles:
        return ClusterFiles(cast("AttachedCluster", self))

    def engine(self, name: str = "spark") -> Engine:
        if name == "spark":
            return self.spark
        if name not in self.engines:
            raise ServiceNotInstalledError(f"{self.name} has no {name}", where=self.info.id)
        return self.engines[name]

    def filesystem(self, path: FilePath) -> FileSystem:
        if path.scheme == "file":
            from emr_nb.files.local import LocalFileSystem

            return LocalFileSystem()
        return self.stores[path.scheme]

    def path(self, text: str) -> FilePath:
        return cluster_path(text, self.services)

    def close(self, *, end_sessions: bool = True) -> None:
        del end_sessions
        self.closed = True


__all__ = [
    "FakeCluster",
    "FakeEngine",
    "FakeSession",
    "FakeStatement",
    "MemoryFileSystem",
    "Script",
    "Step",
    "no_answer",
    "result_of",
]
