"""The REPL's Python child as a process: its frames, and answers as Livy's shell words them."""

import contextlib
import json
import os
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emr_nb.local import livy_repl

WORKER = Path(livy_repl.__file__).with_name("worker.py")
FRAME = struct.Struct(">cI")


class Child:
    """The worker without Spark, driven as the driver drives it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "LIVY_TEST": "true"},
        )
        self.send(b"J", b"")
        assert self.receive() == (b"R", b"0")

    def send(self, kind: bytes, payload: bytes) -> None:
        assert self.process.stdin
        self.process.stdin.write(FRAME.pack(kind, len(payload)) + payload)
        self.process.stdin.flush()

    def receive(self) -> tuple[bytes, bytes] | None:
        assert self.process.stdout
        head = self.process.stdout.read(FRAME.size)
        if not head:
            return None
        kind, length = FRAME.unpack(head)
        return kind, self.process.stdout.read(length)

    def message(self, code: str) -> Any:
        self.send(b"X", code.encode())
        frame = self.receive()
        return frame and json.loads(frame[1])

    def ask(self, code: str) -> dict[str, Any]:
        return self.message(code)["content"]

    def text(self, code: str) -> str:
        answer = self.ask(code)
        assert answer["status"] == "ok", answer
        return answer["data"]["text/plain"]

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe
            with contextlib.suppress(BrokenPipeError):
                pipe.close()


@pytest.fixture
def child() -> Iterator[Child]:
    started = Child()
    yield started
    started.close()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("1 + 1", "2"),
        ("x = 1", ""),
        ("", ""),
        ("# only a comment", ""),
        ("None", ""),
        ("print('a')\n2", "a\n2"),
        ("for i in range(2): i", "0\n1"),
        ("'ü€😀'", "'ü€😀'"),
        ("print('ends \\n\\n')", "ends"),
        ("import sys\nprint('e', file=sys.stderr)\nprint('o')", "o\ne"),
        ("sys = __import__('sys'); sys.stdout.write(b'bytes')", "bytes"),
        ("__name__", "'builtins'"),
        ("class A(object):\n  def b(self):\n    return 3\n\nA().b()", "3"),
        ("5\n6", "6"),
    ],
)
def test_text(child: Child, code: str, text: str) -> None:
    assert child.text(code) == text


def test_names_stay_and_the_last_value_is_underscore(child: Child) -> None:
    child.text("y = 20")
    assert child.text("y + 1") == "21"
    assert child.text("_ * 2") == "42"


def test_an_error_has_only_the_users_frames(child: Child) -> None:
    answer = child.ask("def f():\n  return 1 / 0\nf()")
    assert list(answer) == ["ename", "evalue", "traceback", "status"]
    assert (answer["ename"], answer["evalue"]) == ("ZeroDivisionError", "division by zero")
    assert answer["traceback"] == [
        "Traceback (most recent call last):\n",
        '  File "<stdin>", line 2, in f\n',
        "ZeroDivisionError: division by zero\n",
    ]


def test_a_cause_is_not_told(child: Child) -> None:
    answer = child.ask("try:\n  1/0\nexcept Exception as e:\n  raise ValueError('v') from e")
    expected = ["Traceback (most recent call last):\n", "ValueError: v\n"]
    assert answer["traceback"] == expected


def test_a_syntax_error_runs_nothing(child: Child) -> None:
    answer = child.ask("z = 1\ndef")
    assert answer["ename"] == "SyntaxError"
    assert answer["evalue"] == "invalid syntax (<stdin>, line 2)"
    assert answer["traceback"][0] == '  File "<stdin>", line 2\n'
    assert answer["traceback"][-1] == "SyntaxError: invalid syntax\n"
    assert child.ask("z")["ename"] == "NameError"


@pytest.mark.parametrize("code", ["import sys; sys.exit(3)", "raise KeyboardInterrupt"])
def test_leaving_by_exception_is_an_error_and_no_more(child: Child, code: str) -> None:
    assert child.ask(code)["ename"] in ("SystemExit", "KeyboardInterrupt")
    assert child.text("'alive'") == "'alive'"


def test_an_interrupt_ends_the_statement_only(child: Child) -> None:
    child.send(b"X", b"import time; time.sleep(60)")
    time.sleep(0.5)
    child.process.send_signal(2)
    frame = child.receive()
    assert frame is not None
    assert json.loads(frame[1])["content"]["ename"] == "KeyboardInterrupt"
    assert child.text("1") == "1"


def test_output_before_an_error_is_kept_for_the_next_answer(child: Child) -> None:
    """In a session the next answer is that of Livy's own job group call, so it is lost."""
    child.ask("print('before')\n1/0")
    assert child.text("2") == "before\n2"
    assert child.text("3") == "3"


def test_json_magic(child: Child) -> None:
    assert child.ask("x = [[1, 'a'], [3, None]]\n%json x")["data"] == {
        "application/json": [[1, "a"], [3, None]]
    }
    assert child.text("%json x\n1 + 2") == "3"  # the last node answers


def test_table_magic(child: Child) -> None:
    bundle = child.ask("x = [{'a': None, 'b': 2}, {'a': '2', 'b': 3}]\n%table x")["data"]
    assert bundle == {
        "application/vnd.livy.table.v1+json": {
            "headers": [
                {"name": "a", "type": "STRING_TYPE"},
                {"name": "b", "type": "INT_TYPE"},
            ],
            "data": [[None, 2], ["2", 3]],
        }
    }


def test_matplot_magic(child: Child) -> None:
    code = (
        "class F:\n  def savefig(self, out, format): out.write(format.encode())\n"
        "class plt:\n  @staticmethod\n  def gcf(): return F()\n%matplot plt"
    )
    assert child.ask(code)["data"] == {"image/png": "cG5n"}


@pytest.mark.parametrize(
    ("code", "evalue"),
    [("%", "magic command not specified"), ("%foo x", "unknown magic command 'foo'")],
)
def test_unknown_magic(child: Child, code: str, evalue: str) -> None:
    answer = child.ask(code)
    assert (answer["ename"], answer["evalue"]) == ("UnknownMagic", evalue)
    assert answer["traceback"] == [f"UnknownMagic: {evalue}\n"]


def test_a_magics_missing_name_is_an_ok_answer_as_in_livy(child: Child) -> None:
    answer = child.ask("%json nope")
    assert answer["status"] == "ok"
    assert answer["data"]["content"]["ename"] == "KeyError"


@pytest.mark.parametrize(
    "code",
    [
        "import os; os._exit(4)",
        "x = [[1], ['a']]\n%table x",
        "x = object()\n%json x",
        "%json",
    ],
)
def test_what_ends_the_interpreter(child: Child, code: str) -> None:
    assert child.message(code) is None
    assert child.process.wait(10) != 0


def test_a_cycle_is_no_reply_that_the_driver_takes(child: Child) -> None:
    message = child.message("x = []\nx.append(x)\n%json x")
    assert message["msg_type"] == "inspect_reply"


def test_native_output_does_not_reach_the_channel(child: Child) -> None:
    assert child.text("import os; os.write(1, b'A' * 70000)") == "70000"
    assert child.text("os.system('echo from a child; cat')") == "0"
    assert child.text("print('still')") == "still"


def test_forty_megabytes_each_way(child: Child) -> None:
    started = time.monotonic()
    assert len(child.text("print('x' * 40_000_000)")) == 40_000_000
    assert child.text(f"x = '{'y' * 22_000_000}'\nlen(x)") == "22000000"
    assert time.monotonic() - started < 30


def test_it_leaves_when_asked(child: Child) -> None:
    child.text("import atexit, os; atexit.register(os.write, 2, b'bye')")
    child.send(b"Q", b"")
    assert child.process.wait(10) == 0


def test_it_does_not_outlive_its_driver(child: Child) -> None:
    child.send(b"X", b"while True: pass")
    time.sleep(0.3)
    assert child.process.stdin
    child.process.stdin.close()
    assert child.process.wait(20) == 1
