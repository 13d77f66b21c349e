"""Take what the notebook sends: frames as views, values as variables; all of it as data.

A frame lies as one Parquet file with positional names (`c0`…) where Spark can read it; its true
names and types come beside it, as Spark's schema JSON. Nothing is assigned before all of it is
there, and taking the same again replaces it.
"""

from __future__ import annotations

import base64
import contextlib
import datetime
import decimal
import json

READ = {
    "datetimeRebaseMode": "CORRECTED",
    "int96RebaseMode": "CORRECTED",
    "mergeSchema": "false",
    "ignoreCorruptFiles": "false",  # a lost file is an error, whatever the session's settings
    "ignoreMissingFiles": "false",
}
# Spark refuses to write dates before 1582 and times before 1900 unless it is told how
WRITE = {
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.int96RebaseModeInWrite": "CORRECTED",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
}


# a word of the protocol: the notebook looks for the name
class TableExists(Exception):  # noqa: N818
    """A table of this name is there and may not be replaced."""


class NotTakenError(TypeError):
    """What was sent has no place in this session; the message says why."""


def take(cell, text):
    """Take all that a request brings, for a running Cell."""
    assigned = {}
    for item in json.loads(text):
        if item["kind"] == "value":
            assigned[item["name"]] = value(item["value"])
        else:
            if item["key"]:
                item["path"] = cell.runner.inbox.finish(item["key"], item["bytes"])
            frame = _frame(cell.session, item)
            if item["variable"]:
                assigned[item["name"]] = frame
    cell.namespace.update(assigned)


# -- frames -----------------------------------------------------------------------------------


def _frame(session, item):
    jdf = _read(session, item)
    if item["table"]:
        _write(session, jdf, item)
        return session.table(item["table"])
    view = "`%s`" % item["name"]
    jdf.createOrReplaceTempView(view)
    return session.table(view)


def _read(session, item):
    jvm = session.sparkContext._jvm
    columns = item["columns"]
    functions = jvm.org.apache.spark.sql.functions
    parse = jvm.org.apache.spark.sql.types.DataType.fromJson
    if item["path"] is None:  # nothing but nulls of no type, or no column at all
        jdf = session._jsparkSession.range(item["rows"])
    else:
        reader = session._jsparkSession.read().schema(_schema(parse, columns))
        for key, option in READ.items():
            reader = reader.option(key, option)
        jdf = reader.parquet(item["path"])
    chosen = session.sparkContext._gateway.new_array(jvm.org.apache.spark.sql.Column, len(columns))
    for at, column in enumerate(columns):
        made = functions.expr(column["sql"])
        if column["type"] is not None:
            made = made.cast(parse(json.dumps(column["type"])))
        chosen[at] = made.alias(column["name"])
    return jdf.select(chosen)


def _schema(parse, columns):
    fields = [
        {"name": "c%d" % at, "type": column["read"], "nullable": True, "metadata": {}}
        for at, column in enumerate(columns)
        if column["read"] is not None
    ]
    try:
        return parse(json.dumps({"type": "struct", "fields": fields}))
    except Exception:
        raise NotTakenError(
            "this Spark does not know all of the types %s; timestamps without a time zone need "
            "Spark 3.4, intervals 3.2: give the column a time zone, or cast it"
            % ", ".join(sorted({json.dumps(field["type"]) for field in fields}))
        ) from None


def _write(session, jdf, item):
    table = item["table"]
    if not item["overwrite"] and session._jsparkSession.catalog().tableExists(table):
        raise TableExists(table)
    with contextlib.ExitStack() as stack:
        for key, wanted in WRITE.items():
            old = session.conf.get(key, None)
            undo = (session.conf.unset, key) if old is None else (session.conf.set, key, old)
            stack.callback(*undo)
            session.conf.set(key, wanted)
        jdf.write().mode("overwrite" if item["overwrite"] else "error").saveAsTable(table)


# -- files that come through statements ---------------------------------------------------------


class Inbox:
    """Files that the driver writes to Spark's own file system from pieces of statements.

    For a notebook that reaches no store of the cluster. A piece that comes twice is written
    once. The folder is the engine's own (mode 700) and goes when the driver ends.
    """

    def __init__(self):
        self._open = {}  # key -> [output stream, next piece, bytes, path]

    def piece(self, session, key, index, text):
        """Add a piece (base64) to a file; the first one makes it."""
        if key not in self._open:
            if index:
                raise NotTakenError("the first pieces of this frame are gone; push it again")
            self._open[key] = self._made(session, key)
        held = self._open[key]
        if index < held[1]:
            return
        if index > held[1]:
            raise NotTakenError("piece %d came before piece %d" % (index, held[1]))
        raw = base64.b64decode(text)
        held[0].write(bytearray(raw))
        held[1], held[2] = index + 1, held[2] + len(raw)

    def finish(self, key, size):
        """Close a file and return its path; raises NotTakenError where bytes are missing."""
        held = self._open.pop(key, None)
        if held is None:
            raise NotTakenError("the pieces of this frame are gone; push it again")
        held[0].close()
        if held[2] != size:
            raise NotTakenError("%d of %d bytes came" % (held[2], size))
        return held[3]

    def _made(self, session, key):
        jvm = session.sparkContext._jvm
        hadoop = jvm.org.apache.hadoop.fs
        system = hadoop.FileSystem.get(session.sparkContext._jsc.hadoopConfiguration())
        folder = hadoop.Path(system.getHomeDirectory(), ".emr_nb_in/" + key)
        mode = hadoop.permission.FsPermission("700")
        if not system.mkdirs(folder, mode):
            raise NotTakenError("%s cannot be made" % folder.toString())
        system.deleteOnExit(folder)
        path = hadoop.Path(folder, "frame.parquet")
        return [system.create(path, True), 0, 0, path.toString()]


# -- values -------------------------------------------------------------------------------------


def value(spelled):
    """Return the value that `engines/values.py` spelled."""
    if isinstance(spelled, list):
        return [value(item) for item in spelled]
    if not isinstance(spelled, dict):
        return spelled
    ((kind, told),) = spelled.items()
    return _KINDS[kind](told)


def _datetime(told):
    text, fold, zone, seconds = told
    form = "%Y-%m-%dT%H:%M:%S.%f"
    made = datetime.datetime.strptime(text, form).replace(fold=fold)  # noqa: DTZ007
    if seconds is None:
        return made
    return made.replace(tzinfo=_zone(zone, seconds, made))


def _zone(name, seconds, at):
    """Return a named zone where this Python knows it and agrees, else the offset of then."""
    offset = datetime.timedelta(seconds=seconds)
    if name == "UTC" and not seconds:
        return datetime.timezone.utc
    if name:
        with contextlib.suppress(Exception):
            from zoneinfo import ZoneInfo

            found = ZoneInfo(name)
            if at.replace(tzinfo=found).utcoffset() == offset:
                return found
    return datetime.timezone(offset)


_KINDS = {
    "int": lambda told: int(told, 16),
    "float": float.fromhex,
    "bytes": base64.b64decode,
    "date": lambda told: datetime.date(*told),
    "datetime": _datetime,
    "timedelta": lambda told: datetime.timedelta(*told),
    "decimal": decimal.Decimal,
    "tuple": lambda told: tuple(value(item) for item in told),
    "dict": lambda told: {value(key): value(item) for key, item in told},
}
