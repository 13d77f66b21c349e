"""Thrift's strict binary protocol, as much of it as a client of HiveServer2 needs.

The protocol says of every field its number and type, so replies are read without their
definitions: a struct is a dict by field number. Long lists are not read into objects; they
stay where they are in the reply as a `Span`. Source: thrift-binary-protocol.md of Apache
Thrift's documentation.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ReplyLostError, TransportError

if TYPE_CHECKING:
    import numpy as np

STOP, BOOL, BYTE, DOUBLE, I16, I32, I64, STRING, STRUCT, MAP, SET, LIST = (
    *(0, 2, 3, 4, 6, 8, 10),
    *(11, 12, 13, 14, 15),
)
_SIZES = {BOOL: 1, BYTE: 1, DOUBLE: 8, I16: 2, I32: 4, I64: 8}
_PACKED = {BYTE: ">b", DOUBLE: ">d", I16: ">h", I32: ">i", I64: ">q"}
_CALL, _REPLY, _EXCEPTION = 1, 2, 3
_VERSION = 0x80010000
_DEEPEST = 32
_FEW = 48  # strings that are not worth a vector's fixed cost

Field = tuple[int, int, Any]  # number, type, value; None leaves it out


@dataclass(frozen=True, slots=True)
class Span:
    """A list inside a reply: `count` values of one type in `data[start:end]`.

    Of strings, `at` and `lengths` (int64) say where each one's bytes are.
    """

    kind: int
    count: int
    start: int
    end: int
    at: np.ndarray | None = None
    lengths: np.ndarray | None = None


def message(name: str, sequence: int, fields: Iterable[Field]) -> bytes:
    """Return a call whose only argument is a struct of these fields."""
    spelled = name.encode("ascii")
    head = struct.pack(">II", _VERSION | _CALL, len(spelled)) + spelled
    return head + struct.pack(">i", sequence) + _struct([(1, STRUCT, list(fields))])


def _struct(fields: Iterable[Field]) -> bytes:
    parts = []
    for number, kind, value in fields:
        if value is not None:
            parts.append(struct.pack(">bh", kind, number) + _value(kind, value))
    return b"".join(parts) + b"\0"


def _value(kind: int, value: Any) -> bytes:
    match kind:
        case 2:
            return b"\1" if value else b"\0"
        case 11:
            data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
            return struct.pack(">i", len(data)) + bytes(data)
        case 12:
            return _struct(value)
        case 13:
            return _map(value)
        case 15:
            packed = [_value(STRING, item) for item in value]  # the only lists that we send
            return struct.pack(">bi", STRING, len(packed)) + b"".join(packed)
        case _:
            return struct.pack(_PACKED[kind], value)


def _map(value: Mapping[str, str]) -> bytes:
    pairs = b"".join(_value(STRING, k) + _value(STRING, v) for k, v in value.items())
    return struct.pack(">bbi", STRING, STRING, len(value)) + pairs


class Reader:
    """Reads one reply. `pull`, where the transport has no frames, brings more of it."""

    def __init__(self, data: bytes, pull: Callable[[], bytes] | None = None) -> None:
        self.data = data
        self._at = 0
        self._pull = pull

    def reply(self, name: str, sequence: int) -> dict[int, Any]:
        """Return the reply's result; raises ReplyLostError where it is none to this call."""
        version = self._unpack(">i", 4) & 0xFFFFFFFF
        if version & 0xFFFF0000 != _VERSION:
            raise _garbled("it does not begin as a Thrift message does")
        told = bytes(self._take(self._unpack(">i", 4))).decode("utf-8", "replace")
        number = self._unpack(">i", 4)
        body = self.struct()
        if version & 0xFF == _EXCEPTION:
            raise TransportError(
                f"HiveServer2 refused {name}: {text(body.get(1)) or 'no reason given'}",
                advice="An older server may not know this call.",
            )
        if version & 0xFF != _REPLY or told != name or number != sequence:
            raise _garbled(f"it answers {told!r}, which was not asked")
        found: dict[int, Any] | None = body.get(0)
        if found is None:
            raise _garbled("it has no result")
        return found

    def struct(self, depth: int = 0) -> dict[int, Any]:
        """Read a struct: its values by field number."""
        if depth > _DEEPEST:
            raise _garbled("it is nested too deeply")
        found: dict[int, Any] = {}
        while (kind := self._unpack(">b", 1)) != STOP:
            number = self._unpack(">h", 2)
            found[number] = self._read(kind, depth)
        return found

    # -- inside ---------------------------------------------------------------------------

    def _read(self, kind: int, depth: int) -> Any:
        if kind == BOOL:
            return self._unpack(">b", 1) != 0
        if kind in _PACKED:
            return self._unpack(_PACKED[kind], _SIZES[kind])
        if kind == STRING:
            return bytes(self._take(self._count()))
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (LIST, SET):
            return self._list(depth)
        if kind == MAP:
            keys, values, size = self._unpack(">b", 1), self._unpack(">b", 1), self._count()
            return {self._read(keys, depth): self._read(values, depth) for _ in range(size)}
        raise _garbled(f"it has a value of the unknown type {kind}")

    def _list(self, depth: int) -> Any:
        kind, count = self._unpack(">b", 1), self._count()
        if kind in _SIZES:
            start = self._at
            self._take(count * _SIZES[kind])
            return Span(kind, count, start, self._at)
        if kind == STRING and count > _FEW and self._pull is None:
            from emr_nb.engines.hive.strings import walk

            start = self._at
            at, lengths, self._at = walk(self.data, start, count)
            return Span(kind, count, start, self._at, at, lengths)
        return [self._read(kind, depth) for _ in range(count)]

    def _count(self) -> int:
        count: int = self._unpack(">i", 4)
        if count < 0:
            raise _garbled("it has a negative length")
        return count

    def _unpack(self, form: str, size: int) -> int:
        return int(struct.unpack(form, self._take(size))[0]) if form != ">d" else self._double()

    def _double(self) -> Any:
        return struct.unpack(">d", self._take(8))[0]

    def _take(self, size: int) -> memoryview:
        end = self._at + size
        while len(self.data) < end:
            more = self._pull() if self._pull else b""
            if not more:
                raise _garbled(f"it ends after {len(self.data):,} bytes, and has not ended")
            self.data += more
        found = memoryview(self.data)[self._at : end]
        self._at = end
        return found


def text(value: Any) -> str:
    """Return a string of a reply."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def texts(value: Any, data: bytes) -> list[str]:
    """Return a list of strings of a reply, which may be a Span in its data."""
    if isinstance(value, Span):
        assert value.at is not None
        assert value.lengths is not None
        pairs = zip(value.at.tolist(), value.lengths.tolist(), strict=True)
        return [data[at : at + size].decode("utf-8", "replace") for at, size in pairs]
    return [text(item) for item in value or ()]


def _garbled(how: str) -> ReplyLostError:
    return ReplyLostError(
        f"The reply of HiveServer2 cannot be read: {how}",
        advice="Is this HiveServer2's Thrift port, with the transport that it expects?",
    )
