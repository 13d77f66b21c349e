"""Arrow bytes made by the JVM, moved without pyarrow and counted before they are believed."""

from __future__ import annotations

import struct

ENTRY = "collectAsArrowToPython"  # of Dataset; private[sql], so it may be closed some day


def available(session):
    """Tell, without executing anything, whether Datasets can make Arrow streams."""
    if int(str(session.version).split(".")[0]) < 3:
        return False  # Spark 2's streams differ in form and lose the order of rows
    try:
        dataset = session._jsparkSession.emptyDataFrame()
        jvm = session.sparkContext._jvm
        none = session.sparkContext._gateway.new_array(jvm.java.lang.Class, 0)
        dataset.getClass().getMethod(ENTRY, none)
    except Exception:
        return False
    return _connector() is not None


def _connector():
    try:
        from pyspark.java_gateway import local_connect_and_auth
    except ImportError:
        try:
            from pyspark.util import local_connect_and_auth
        except ImportError:
            return None
    return local_connect_and_auth


def read_socket(info):
    """Read a serving socket to its end, then ask whether the job behind it succeeded."""
    port, secret, server = info[0], info[1], info[2]
    stream, sock = _connector()(port, secret)
    try:
        sock.settimeout(None)
        raw = stream.read()
    finally:
        stream.close()
        sock.close()
    server.getResult()  # it alone tells of a failed job: until then the bytes are no result
    return raw


def collect(jdf):
    """Execute a Dataset once: its Arrow stream and the counts of rows, batches and their order."""
    raw = read_socket(getattr(jdf, ENTRY)())
    end, rows = scan(raw)
    counts = struct.unpack_from(">%di" % ((len(raw) - end) // 4), raw, end)
    if not counts or len(counts) != counts[0] + 1 or counts[0] != len(rows):
        raise RuntimeError("the Arrow stream of the JVM is incomplete: %r" % (counts[:1],))
    return raw[:end], sum(rows), list(counts[1:])


def scan(raw):
    """Walk an IPC stream: where it ends, and the rows of each of its batches."""
    rows, at = [], 0
    while True:
        (length,) = struct.unpack_from("<i", raw, at)
        at += 4
        if length == -1:  # the continuation marker of Arrow 0.15 and later
            (length,) = struct.unpack_from("<i", raw, at)
            at += 4
        if length == 0:
            return at, rows
        kind, body, count = _message(raw, at)
        at += length + body
        if kind == 3:
            rows.append(count)


def _message(raw, at):
    """Return header type, body length and row count of a Message flatbuffer (Message.fbs)."""
    table = at + struct.unpack_from("<I", raw, at)[0]
    kind = _field(raw, table, 1, "<B")
    body = _field(raw, table, 3, "<q")
    count = 0
    if kind == 3:  # RecordBatch
        where = _offset(raw, table, 2)
        batch = where + struct.unpack_from("<I", raw, where)[0]
        count = _field(raw, batch, 0, "<q")
    return kind, body, count


def _offset(raw, table, index):
    vtable = table - struct.unpack_from("<i", raw, table)[0]
    (size,) = struct.unpack_from("<H", raw, vtable)
    slot = 4 + 2 * index
    if slot >= size:
        return 0
    (inside,) = struct.unpack_from("<H", raw, vtable + slot)
    return table + inside if inside else 0


def _field(raw, table, index, form):
    where = _offset(raw, table, index)
    return struct.unpack_from(form, raw, where)[0] if where else 0
