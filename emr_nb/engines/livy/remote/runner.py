"""Runs the cells of one Python session; the notebook's statements call it by one line each."""

from __future__ import annotations

import base64
import builtins
import contextlib
import json
import sys
import time

from . import (
    display,
    facts,
    failures,
    frames,
    local_frames,
    questions,
    receive,
    spool,
    tables,
    targets,
)
from .cells import compile_cell
from .output import Logs, Output, Stream
from .store import Store
from .watch import FileSignal, Watch

UI_ASKED_AFTER = 0.9  # seconds; the notebook asks it about statements of a second
HEARD_MS = 2000  # on a busy cluster; mostly it is a few
SHOWN = object()  # the limit of what is only looked at


# words of the protocol: the notebook looks for the names; the text is the tag
class AlreadyRan(Exception):  # noqa: N818
    """A statement came a second time: nothing of it ran again."""


class Refused(Exception):  # noqa: N818
    """A statement came after it was given up: nothing of it ran."""


class Runner:
    """What lives as long as the session: streams, the store, what was probed."""

    def __init__(self):
        self.store = Store()
        self.streams = {name: Stream(name) for name in ("stdout", "stderr")}
        self.tables = None
        self.facts = facts.Facts()
        self.cell = None
        self.count = 0
        self.begun = {}  # tag -> why it may not begin any more
        self.inbox = receive.Inbox()

    def run(self, packed, namespace):
        """Run one request (base64 of JSON) and print its output; a failure is raised again."""
        request = json.loads(base64.b64decode(packed).decode("utf-8"))
        self.begin(request["tag"])
        self.store.sweep()
        self.count += 1
        output = Output(request["tag"], request["chunk_bytes"], self.store)
        cell = Cell(self, request, namespace, output)
        told = self._guarded(cell, output)
        if request["kind"] == "python":
            output.emit("session", {}, json.dumps(cell.facts()).encode("utf-8"))
        if told is not None:
            output.emit("error", told)
        text = output.finish()
        if told is not None:
            raise failures.stand_in(told, text) from None
        sys.stdout.write(text)

    def begin(self, tag):
        """Note that a statement begins; raises AlreadyRan when it has begun before.

        A POST that a proxy held back may arrive after the notebook has sent it again.
        """
        if tag in self.begun:
            raise self.begun[tag](tag)
        self.begun[tag] = AlreadyRan

    def _guarded(self, cell, output):
        """Run a cell with the streams ours; return what is told of its failure, or None."""
        before = sys.stdout, sys.stderr
        outer, self.cell = self.cell, cell
        for name, stream in self.streams.items():
            stream.target = output
            setattr(sys, name, stream)
        logs = Logs(self.streams)
        logs.take()
        began = time.monotonic()
        try:
            cell.run()
            if time.monotonic() - began > UI_ASKED_AFTER:
                cell.heard()
            return None
        except BaseException as error:  # also KeyboardInterrupt and SystemExit: Livy goes on
            return failures.told(error, cell.filename, cell.line)
        finally:
            logs.give_back()
            for stream in self.streams.values():
                stream.target = None
            sys.stdout, sys.stderr = before
            self.cell = outer

    def tables_of(self, session):
        """Return how tables travel from this session."""
        if self.tables is None or self.tables.session is not session:
            self.tables = tables.Tables(session)
        return self.tables

    def display(self, *values, **_options):
        """Show values in the notebook, tables as tables: `display` of the session."""
        if self.cell is None:
            for value in values:
                print(repr(value))
            return
        for value in values:
            self.cell.show(value)


class Cell:
    """One request on its way."""

    def __init__(self, runner, request, namespace, output):
        self.runner = runner
        self.request = request
        self.namespace = namespace
        self.output = output
        self.filename = "<cell %s>" % request["tag"][:12]
        self.line = None
        self._session = None

    @property
    def session(self):
        """The Spark session of the namespace, else the active one."""
        if self._session is None:
            self._session = tables.session_of(self.namespace)
        return self._session

    def _living(self):
        """Return the Spark session where there is one; telling facts never starts one."""
        if "pyspark" not in sys.modules:
            return None
        from pyspark.sql import SparkSession

        found = self._session or self.namespace.get("spark")
        return found if isinstance(found, SparkSession) else None

    def run(self):
        """Run the request under its database and settings, watched for interruption."""
        with self._watch(), contextlib.ExitStack() as stack:
            if self.request["kind"] == "question":
                told, raw = questions.answer(self.request["question"], self._living())
                self.output.emit("answer", told, raw)
                return
            self._enter(stack)
            if self.request.get("inputs"):
                receive.take(self, self.request["inputs"])
            kind = self.request["kind"]
            if kind == "python":
                self._python()
            else:
                text = self.request["code"]
                session = self.session
                frame = session.table(text) if kind == "view" else session.sql(text)
                if self.request.get("target"):
                    self._write(frame)
                    return
                self._table(frame, self.request["limit"], self.request["output"], "result")

    def heard(self):
        """Wait until Spark's UI has heard of all jobs: the notebook counts them there."""
        with contextlib.suppress(Exception):  # it tells a little less then
            session = self._living()
            if session is not None:
                session.sparkContext._jsc.sc().listenerBus().waitUntilEmpty(HEARD_MS)

    def _watch(self):
        path = self.request.get("cancel_path")
        asks = self.request["kind"] == "question"  # which starts no Spark where there is none
        if not path or (asks and self._living() is None):
            return Watch(None)
        context = self.session.sparkContext
        return Watch(FileSignal(context, path, context.getLocalProperty("spark.jobGroup.id")))

    def _enter(self, stack):
        if self.request.get("database"):
            catalog = self.session.catalog
            stack.callback(catalog.setCurrentDatabase, catalog.currentDatabase())
            catalog.setCurrentDatabase(self.request["database"])
        if self.request.get("settings"):
            stack.enter_context(targets.settings(self.session, self.request["settings"]))

    def _python(self):
        found = self.namespace.get("display")
        if found is None or type(getattr(found, "__self__", None)).__name__ == "Runner":
            self.namespace["display"] = self.runner.display  # an earlier version's shows nothing
        self.namespace.pop("__warningregistry__", None)  # a cell that runs again warns again
        value = None
        for step in compile_cell(self.request["code"], self.filename):
            self.line = step.line
            value = None
            display.follow_pyplot(self.runner.display)
            if step.kind == "exec":
                exec(step.body, self.namespace)
            elif step.kind == "eval":
                value = eval(step.body, self.namespace)
            else:
                self._mime(*display.magic(step.body[0], step.body[1], self.namespace))
        if value is not None:
            builtins._ = value
        self._conclude(value)

    def _conclude(self, value):
        """Show the last value and bring the wanted one; the same frame is executed once."""
        name = self.request["output"]
        if self.request.get("target"):
            self._write(value)
            return
        if name is None:
            if value is not None:
                self.show(value, self.request["limit"], "result")
            return
        if name not in self.namespace:
            raise NameError("name %r is not defined: nothing to bring for -o" % name)
        wanted = self.namespace[name]
        frame = tables.is_spark(wanted) or tables.is_pandas(wanted)
        if value is not None and not (frame and value is wanted):
            self.show(value)
        self.line = None if value is not wanted else self.line
        if tables.is_spark(wanted):
            self._table(wanted, self.request["limit"], name, "result")
        elif tables.is_pandas(wanted):
            header, raw = local_frames.bring(wanted, self.request["limit"])
            self._emit_table(header, raw, name, "result")
        else:
            raw = json.dumps(local_frames.plain(wanted, name)).encode("utf-8")
            self.output.emit("value", {"output": name}, raw)

    def show(self, value, limit=SHOWN, role="display"):
        """Show one value: a table for a DataFrame, else its MIME bundle, else its text."""
        rows = self.request["shown"] if limit is SHOWN else limit
        if tables.is_spark(value) and not value.isStreaming:
            self._table(value, rows, None, role)
        elif tables.is_pandas(value):
            self._pandas(value, rows, role)
        else:
            data, metadata = display.bundle(value)
            if list(data) == ["text/plain"]:
                self.output.write("stdout", data["text/plain"] + "\n")
            else:
                self._mime(data, metadata)

    def _pandas(self, value, rows, role):
        try:
            header, raw = local_frames.bring(value, rows)
        except local_frames.NotBringableError:  # to be looked at, its own HTML serves as well
            self._mime(*display.bundle(value))
        else:
            self._emit_table(header, raw, None, role)

    def facts(self):
        """Tell the session's variables and where it runs, for completion and links."""
        about = {"app_id": "", "ui_url": ""}
        if self._living() is not None:
            with contextlib.suppress(Exception):  # a stopped context tells nothing
                about = self.runner.tables_of(self.session).facts()
        told = {"names": {}}
        with contextlib.suppress(Exception):  # a cell that went well never fails for them
            told = self.runner.facts.told(self.namespace)
        return dict(told, app_id=about["app_id"], ui_url=about["ui_url"])

    def _mime(self, data, metadata):
        self.output.emit("mime", {"metadata": metadata}, json.dumps(data).encode("utf-8"))

    def _table(self, frame, limit, name, role):
        bring = self.runner.tables_of(self.session).bring
        place = self.request.get("spool") if role == "result" else None
        header, raw = bring(frame, limit, self.request["carrier"], place)
        self._emit_table(header, raw, name, role)

    def _write(self, frame):
        """Write a frame to files instead of bringing it."""
        if not tables.is_spark(frame):
            raise TypeError(
                "--to writes a Spark DataFrame, and the cell ends in %s: end it in the frame"
                % ("nothing" if frame is None else type(frame).__name__)
            )
        target, limit = self.request["target"], self.request["limit"]
        rows = frame if limit is None else frame.limit(limit)
        wrote = targets.write(self.session, rows, target, self.request["tag"])
        self.output.emit("written", dict(wrote, path=target["path"], format=target["format"]))

    def _emit_table(self, header, raw, name, role):
        self.output.emit("table", dict(header, output=name, role=role), raw)


RUNNER = Runner()


def run(packed, namespace):
    """Run one request of the notebook."""
    RUNNER.run(packed, namespace)


def refuse(tag):
    """See to it that a statement which has not begun never will."""
    RUNNER.begun.setdefault(tag, Refused)


def chunk(tag, seq, index):
    """Print one further chunk of a payload."""
    text = RUNNER.store.chunk(tag, seq, index)
    sys.stdout.write(frames.encode(tag, "chunk", seq, {"index": index}, text))


def piece(namespace, key, index, text):
    """Add a piece to a file that the driver writes; a piece that comes twice counts once."""
    RUNNER.inbox.piece(tables.session_of(namespace), key, index, text)


def remove(packed, namespace):
    """Remove what was written to a path (base64); only who wrote it may."""
    session = tables.session_of(namespace)
    spool.remove(session, base64.b64decode(packed).decode("utf-8"))


def release(tag):
    """Forget the payloads of a statement."""
    RUNNER.store.release(tag)
