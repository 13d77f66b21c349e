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
import io
import json
import logging
import os
import queue
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any

from livy_answers import failed, reply
from livy_magics import MAGICS

FRAME = struct.Struct(">cI")
JOIN, EXECUTE, QUIT, READY, ANSWER = b"J", b"X", b"Q", b"R", b"A"
EXIT_GRACE = 5.0  # seconds that running code has to end after the driver has gone

logging.basicConfig()  # before stderr is captured: user logging goes to the process's stderr


class UnknownMagic(Exception):  # noqa: N818 - Livy's name, seen by users
    """A line starts with % and names no magic."""


class UserError(Exception):
    """User code raised; carries what ``sys.exc_info()`` gave."""

    def __init__(self, exc_info: Any) -> None:
        self.exc_info = exc_info


class Capture(io.StringIO):
    """Collects what a statement prints; takes UTF-8 bytes too."""

    def write(self, text: Any) -> None:  # type: ignore[override]
        super().write(text.decode("utf-8") if isinstance(text, bytes) else text)


class Channel:
    """Frames to and from the driver; a thread reads so that the driver's end is always noticed."""

    def __init__(self) -> None:
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

    def receive(self) -> "tuple[bytes, bytes]":
        """Give the next (kind, payload); kind is ``Q`` when the driver has gone."""
        return self._requests.get()

    def send(self, kind: bytes, payload: bytes) -> None:
        view = memoryview(FRAME.pack(kind, len(payload)) + payload)
        while view:
            view = view[self._out.write(view) :]

    def leave(self) -> None:
        """Tell that the interpreter ends by itself."""
        self._leaving.set()

    def _read(self) -> None:
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

    def __init__(self) -> None:
        self.names = {}

    def answer(self, code: str) -> "dict[str, Any]":
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
            for execute, content in nodes:
                result = execute(content)
        except UnknownMagic:
            kind, value, _ = sys.exc_info()
            return failed(kind, value, None)
        except UserError as error:
            return failed(*error.exc_info)
        return reply("ok", {"data": self._bundle(result or {})})

    def _bundle(self, result: "dict[str, Any]") -> "dict[str, Any]":
        printed = sys.stdout.getvalue() + sys.stderr.getvalue()
        _release_output()
        text = (result.pop("text/plain", "") + printed).rstrip()
        if text or not result:
            result["text/plain"] = text
        return result

    def _parse(self, code: str) -> "list[tuple[Callable[[Any], Any], Any]]":
        try:
            return [self._python(code)]
        except SyntaxError:
            # perhaps for a magic: then the stretches between the % lines parse by themselves
            return [self._node(chunk) for chunk in _split_at_magics(code)]

    def _node(self, chunk: str) -> "tuple[Callable[[Any], Any], Any]":
        return (self.magic, chunk) if chunk.startswith("%") else self._python(chunk)

    def _python(self, source: str) -> "tuple[Callable[[Any], Any], Any]":
        tree = compile(source, "<stdin>", "exec", ast.PyCF_ONLY_AST, 1)
        return self.execute, tree.body

    def execute(self, body: "list[Any]") -> None:
        """Run parsed statements; only the last one's value is shown."""
        try:
            for node in body[:-1]:
                mod = ast.parse("")  # a module's form differs between Python versions
                mod.body = [node]
                code = compile(mod, "<stdin>", "exec")
                exec(code, self.names)  # noqa: S102 - this is a REPL
            for node in body[-1:]:  # "single": sys.displayhook shows the value
                mod = ast.Interactive([node])
                code = compile(mod, "<stdin>", "single")
                exec(code, self.names)  # noqa: S102 - this is a REPL
        except BaseException:  # noqa: BLE001 - SystemExit too
            raise UserError(sys.exc_info())  # noqa: B904

    def magic(self, line: str) -> "dict[str, Any]":
        """Run one % line."""
        name, *rest = line[1:].split(" ", 1)
        if not name:
            raise UnknownMagic("magic command not specified")
        if name not in MAGICS:
            raise UnknownMagic(f"unknown magic command '{name}'")
        return MAGICS[name](self.names, *rest)


def _split_at_magics(code: str) -> "list[str]":
    """Give the lines that start with % and the stretches between them."""
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


def _release_output() -> None:
    sys.stdout.close()
    sys.stderr.close()
    sys.stdout = Capture()
    sys.stderr = Capture()


def _encode(message: "dict[str, Any]") -> bytes:
    """Give the answer's JSON; a cycle in it makes a reply that the driver does not take."""
    try:
        return json.dumps(message).encode("ascii")
    except ValueError:
        return json.dumps({"msg_type": "inspect_reply", "content": {}}).encode("ascii")


def main() -> None:
    """Serve the driver until it goes."""
    channel = Channel()
    real = sys.stdin, sys.stdout, sys.stderr
    sys.stdin = io.StringIO()
    sys.stdout = Capture()
    sys.stderr = Capture()
    shell = Shell()
    spark = None
    try:
        if os.environ.get("LIVY_TEST") != "true":
            from livy_spark import Spark

            spark = Spark(shell.names)
        kind, payload = channel.receive()
        port = spark.join() if spark and kind == JOIN else 0
        real[2].write(sys.stdout.getvalue() + sys.stderr.getvalue())
        _release_output()
        channel.send(READY, str(port).encode("ascii"))
        while kind != QUIT:
            if kind == EXECUTE:
                channel.send(ANSWER, _encode(shell.answer(payload.decode("utf-8"))))
            kind, payload = channel.receive()
        channel.leave()
    finally:
        if spark:
            spark.leave()
        sys.stdin, sys.stdout, sys.stderr = real


if __name__ == "__main__":
    sys.exit(main())
