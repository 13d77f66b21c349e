"""The Python child of the local cluster's Livy REPL driver: runs code as Livy's own shell does.

Protocol (ours): frames of one kind byte, a 4-byte big-endian length and a payload. In come
``J`` (join Spark), ``X`` (UTF-8 source to run) and ``Q`` (leave); out go ``R`` (ready; the port of
the callback server, 0 without Spark) and ``A`` (the JSON answer to an ``X``). The channel lives on
descriptors of its own, so whatever native code writes to descriptor 1 cannot corrupt it.

What a statement sees and answers is what Livy 0.9's shell gives it, its oddities included: names
live in a bare dict (``__name__`` is ``builtins``), output printed before an error is not in the
answer, a magic that raises ends the interpreter.

Parses as Python 3.7. No ``from __future__`` here: it would leak into the code we compile.
"""

import ast
import base64
import collections
import datetime
import decimal
import io
import json
import logging
import os
import pickle
import queue
import re
import shutil
import struct
import sys
import tempfile
import threading
import traceback

FRAME = struct.Struct(">cI")
JOIN, EXECUTE, QUIT, READY, ANSWER = b"J", b"X", b"Q", b"R", b"A"
EXIT_GRACE = 5.0  # seconds that running code has to end after the driver has gone
FIRST_USER_FRAME = re.compile(r'\s*File "<stdin>".*in <module>')

logging.basicConfig()  # before stderr is captured: user logging goes to the process's stderr
LOG = logging.getLogger("worker")


class UnknownMagic(Exception):
    """A line starts with % and names no magic."""


class UserError(Exception):
    """User code raised; carries what ``sys.exc_info()`` gave."""

    def __init__(self, exc_info):
        self.exc_info = exc_info


class Capture(io.StringIO):
    """Collects what a statement prints; takes UTF-8 bytes too."""

    def write(self, text):
        super().write(text.decode("utf-8") if isinstance(text, bytes) else text)


class Channel:
    """Frames to and from the driver; a thread reads so that the driver's end is always noticed."""

    def __init__(self):
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb", 0)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        os.dup2(2, 1)
        self._requests = queue.Queue()
        self._leaving = threading.Event()
        reader = threading.Thread(target=self._read, name="livy-channel")
        reader.daemon = True
        reader.start()

    def receive(self):
        """Give the next (kind, payload); kind is ``Q`` when the driver has gone."""
        return self._requests.get()

    def send(self, kind, payload):
        view = memoryview(FRAME.pack(kind, len(payload)) + payload)
        while view:
            view = view[self._out.write(view) :]

    def leave(self):
        """Tell that the interpreter ends by itself."""
        self._leaving.set()

    def _read(self):
        head = self._in.read(FRAME.size)
        while len(head) == FRAME.size:
            kind, length = FRAME.unpack(head)
            payload = self._in.read(length)
            if len(payload) < length:
                break
            self._requests.put((kind, payload))
            head = self._in.read(FRAME.size)
        self._requests.put((QUIT, b""))
        if not self._leaving.wait(EXIT_GRACE):
            os._exit(1)


class Shell:
    """Runs statements in one namespace and words the answers."""

    def __init__(self):
        self.names = {}

    def answer(self, code):
        """Run source and give Livy's reply message.

        What is raised here (by a magic, by an unparsable null byte) ends the interpreter, as it
        does in Livy.
        """
        try:
            nodes = self._parse(code)
        except SyntaxError:
            kind, value, _ = sys.exc_info()
            return failed(kind, value, None)
        result = None
        try:
            for node in nodes:
                result = node()
        except UnknownMagic:
            kind, value, _ = sys.exc_info()
            return failed(kind, value, None)
        except UserError as error:
            return failed(*error.exc_info)
        return reply("ok", {"data": self._bundle(result or {})})

    def _bundle(self, result):
        printed = sys.stdout.getvalue() + sys.stderr.getvalue()
        release_output()
        text = (result.pop("text/plain", "") + printed).rstrip()
        if text or not result:
            result["text/plain"] = text
        return result

    def _parse(self, code):
        try:
            return [self._python(code)]
        except SyntaxError:
            # perhaps for a magic: then the stretches between the % lines parse by themselves
            return [self._node(chunk) for chunk in split_at_magics(code)]

    def _node(self, chunk):
        return self._magic(chunk) if chunk.startswith("%") else self._python(chunk)

    def _python(self, source):
        tree = compile(source, "<stdin>", "exec", ast.PyCF_ONLY_AST, 1)
        return lambda: self._run(tree.body)

    def _run(self, body):
        try:
            for node in body[:-1]:
                module = ast.parse("")  # its form differs between Python versions
                module.body = [node]
                exec(compile(module, "<stdin>", "exec"), self.names)
            for node in body[-1:]:  # "single": sys.displayhook shows the value
                exec(compile(ast.Interactive([node]), "<stdin>", "single"), self.names)
        except BaseException:
            raise UserError(sys.exc_info())

    def _magic(self, line):
        name, *rest = line[1:].split(" ", 1)

        def run():
            if not name:
                raise UnknownMagic("magic command not specified")
            if name not in MAGICS:
                raise UnknownMagic("unknown magic command '%s'" % name)
            return MAGICS[name](self.names, *rest)

        return run


def split_at_magics(code):
    chunks, normal = [], []
    for line in code.rstrip().split("\n"):
        if not line.startswith("%"):
            normal.append(line)
            continue
        if normal:
            chunks.append("\n".join(normal))
        normal = []
        chunks.append(line)
    if normal:
        chunks.append("\n".join(normal))
    return chunks


def reply(status, content):
    return {"msg_type": "execute_reply", "content": dict(content, status=status)}


def failed(kind, value, tb):
    """Give the reply for an exception, without the frames above the user's own."""
    LOG.error("execute_reply", exc_info=True)
    lines = traceback.format_exception(kind, value, tb, chain=False)
    for at, line in enumerate(lines):
        if FIRST_USER_FRAME.match(line):
            lines = lines[:1] + lines[at + 1 :]
            break
    content = {"ename": str(kind.__name__), "evalue": str(value), "traceback": lines}
    return reply("error", content)


def release_output():
    sys.stdout.close()
    sys.stderr.close()
    sys.stdout = Capture()
    sys.stderr = Capture()


# ---- magics; a failure reply of theirs becomes the *data* of an ok answer, as in Livy


def missing_name():
    kind, value, _ = sys.exc_info()
    return failed(kind, value, None)


def magic_json(names, name):
    try:
        value = names[name]
    except KeyError:
        return missing_name()
    return {"application/json": value}


def magic_matplot(names, name):
    try:
        buffer = io.BytesIO()
        names[name].gcf().savefig(buffer, format="png")
        image = base64.b64encode(buffer.getvalue()).decode()
    except BaseException:
        return missing_name()
    return {"image/png": image, "text/plain": ""}


def magic_table(names, name):
    try:
        value = names[name]
    except KeyError:
        return missing_name()
    headers, data = {}, []
    for row in value if isinstance(value, (list, tuple)) else [value]:
        cells = []
        data.append(cells)
        for column, cell in columns_of(row):
            kind, cell = table_cell(cell)
            header = headers.setdefault(column, {"name": str(column), "type": kind})
            if kind not in ("NULL_TYPE", header["type"]):
                if header["type"] != "NULL_TYPE":
                    return failed(Exception, "table rows have different types", None)
                header["type"] = kind
            cells.append(cell)
    ordered = [header for _, header in sorted(headers.items())]
    return {"application/vnd.livy.table.v1+json": {"headers": ordered, "data": data}}


def columns_of(row):
    if row.__class__.__name__ == "Row":
        row = row.asDict()
    if isinstance(row, dict):
        return sorted(row.items())
    return enumerate(row if isinstance(row, (list, tuple)) else [row])


def table_cell(value):
    return TABLE_TYPES.get(type(value), TABLE_TYPES[str])(value)


def table_array(items):
    kinds, cells = set(), []
    for item in items:
        kind, cell = table_cell(item)
        kinds.add(kind)
        if len(kinds) > 1:
            raise ValueError("value has inconsistent types")
        cells.append(cell)
    return "ARRAY_TYPE", cells


def table_map(mapping):
    last, cells = None, {}
    for key, value in mapping:  # over the keys alone, so most maps raise: Livy's own slip
        key = table_cell(key)[1]
        kind, value = table_cell(value)
        if cells and kind != last:
            raise ValueError("value has inconsistent types")
        last = kind
        cells[key] = value
    return "MAP_TYPE", cells


TABLE_TYPES = {
    type(None): lambda v: ("NULL_TYPE", v),
    bool: lambda v: ("BOOLEAN_TYPE", v),
    int: lambda v: ("INT_TYPE", v),
    float: lambda v: ("DOUBLE_TYPE", v),
    str: lambda v: ("STRING_TYPE", str(v)),
    datetime.date: lambda v: ("DATE_TYPE", str(v)),
    datetime.datetime: lambda v: ("TIMESTAMP_TYPE", str(v)),
    decimal.Decimal: lambda v: ("DECIMAL_TYPE", str(v)),
    tuple: table_array,
    list: table_array,
    dict: table_map,
}
MAGICS = {"table": magic_table, "json": magic_json, "matplot": magic_matplot}


# ---- Spark


class JobContext:
    """What a Python job uploaded to Livy is called with."""

    def __init__(self, names, local_tmp_dir):
        self.sc = names["sc"]
        self.sql_ctx = names["sqlContext"]
        self.spark_session = names.get("spark")
        self.local_tmp_dir_path = local_tmp_dir
        self._shared = collections.OrderedDict()
        self._lock = threading.Lock()

    def get_local_tmp_dir_path(self):
        return self.local_tmp_dir_path

    def get_shared_object(self, name):
        with self._lock:
            return self._shared.get(name)

    def set_shared_object(self, name, value):
        with self._lock:
            self._shared[name] = value
            while len(self._shared) > 100:
                self._shared.popitem(last=False)

    def remove_shared_object(self, name):
        with self._lock:
            self._shared.pop(name, None)


class JobProcessor:
    """Called by the driver over py4j, beside running statements."""

    def __init__(self, names, context):
        self._names = names
        self._context = context

    def processBypassJob(self, serialized_job):  # noqa: N802 - a Java interface's name
        try:
            job = pickle.loads(serialized_job, encoding="bytes")
            result = self._names["cloudpickle"].dumps(job(self._context))
            return bytearray(base64.b64encode(result))
        except BaseException:
            return bytearray("Client job error:" + traceback.format_exc(), "utf-8")

    def addFile(self, path):  # noqa: N802
        self._context.sc.addFile(path)

    def addPyFile(self, path):  # noqa: N802
        self._context.sc.addPyFile(path)

    def getLocalTmpDirPath(self):  # noqa: N802
        return os.path.join(self._context.local_tmp_dir_path, "__livy__")

    class Java:
        implements = ["org.apache.livy.repl.PySparkJobProcessor"]


class Spark:
    """The join to the driver's Spark context over its py4j gateway."""

    IMPORTS = (
        "from pyspark.sql import HiveContext",
        "from pyspark.streaming import StreamingContext",
        "import pyspark.cloudpickle as cloudpickle",
    )
    JVM_IMPORTS = (
        "org.apache.spark.SparkConf",
        "org.apache.spark.api.java.*",
        "org.apache.spark.api.python.*",
        "org.apache.spark.ml.python.*",
        "org.apache.spark.mllib.api.python.*",
        "org.apache.spark.resource.*",
        "org.apache.spark.sql.*",
        "org.apache.spark.sql.api.python.*",
        "org.apache.spark.sql.hive.*",
        "scala.Tuple2",
    )

    def __init__(self, names):
        self._names = names
        for line in self.IMPORTS:  # while the driver still makes its context
            exec(line, names)

    def join(self):
        """Define sc, sqlContext and spark; give the callback server's port."""
        from py4j.java_gateway import GatewayParameters, JavaGateway, java_import
        from pyspark.conf import SparkConf
        from pyspark.context import SparkContext
        from pyspark.sql import SparkSession, SQLContext

        port = int(os.environ["PYSPARK_GATEWAY_PORT"])
        secret = os.environ["PYSPARK_GATEWAY_SECRET"]
        parameters = GatewayParameters(port=port, auth_token=secret, auto_convert=True)
        gateway = self._gateway = JavaGateway(gateway_parameters=parameters)
        for name in self.JVM_IMPORTS:
            java_import(gateway.jvm, name)
        entries = gateway.entry_point
        jsc = entries.sc()
        jsql = entries.hivectx() or entries.sqlctx()
        conf = SparkConf(_jvm=gateway.jvm, _jconf=jsc.getConf())
        sc = SparkContext(jsc=jsc, gateway=gateway, conf=conf)
        self._names["sc"] = sc
        session = SparkSession(sc, entries.sparkSession())
        self._names["sqlContext"] = SQLContext(sc, session, jsql)
        self._names["spark"] = session
        return self._serve_callbacks(gateway, secret)

    def _serve_callbacks(self, gateway, secret):
        from py4j.java_gateway import CallbackServerParameters
        from py4j.protocol import ENTRY_POINT_OBJECT_ID

        parameters = CallbackServerParameters(port=0, auth_token=secret)
        gateway.start_callback_server(callback_server_parameters=parameters)
        self._scratch = tempfile.mkdtemp()
        processor = JobProcessor(self._names, JobContext(self._names, self._scratch))
        gateway.gateway_property.pool.dict[ENTRY_POINT_OBJECT_ID] = processor
        return gateway._callback_server.server_socket.getsockname()[1]

    def leave(self):
        if "sc" not in self._names:
            return
        self._gateway.shutdown_callback_server()
        shutil.rmtree(self._scratch, ignore_errors=True)
        self._names["sc"].stop()


def encode(message):
    """Give the answer's JSON; a cycle in it makes a reply that the driver does not take."""
    try:
        return json.dumps(message).encode("ascii")
    except ValueError:
        return json.dumps({"msg_type": "inspect_reply", "content": {}}).encode("ascii")


def main():
    channel = Channel()
    real = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.StringIO()
    sys.stdout = Capture()
    sys.stderr = Capture()
    shell = Shell()
    spark = None
    try:
        if os.environ.get("LIVY_TEST") != "true":
            spark = Spark(shell.names)
        kind, payload = channel.receive()
        port = spark.join() if spark and kind == JOIN else 0
        real[2].write(sys.stdout.getvalue() + sys.stderr.getvalue())
        release_output()
        channel.send(READY, str(port).encode("ascii"))
        while kind != QUIT:
            if kind == EXECUTE:
                channel.send(ANSWER, encode(shell.answer(payload.decode("utf-8"))))
            kind, payload = channel.receive()
        channel.leave()
    finally:
        if spark:
            spark.leave()
        sys.stdin, sys.stdout, sys.stderr = real


if __name__ == "__main__":
    sys.exit(main())
