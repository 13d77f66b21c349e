"""Protocol Buffers without definitions, bounded: what ORC's footers are written in.

Source: protobuf.dev/programming-guides/encoding.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from emr_nb.files.preview.compact import varint
from emr_nb.files.preview.damage import DamageError

Value = int | bytes


def fields(data: bytes) -> Iterator[tuple[int, Value]]:
    """Yield (field, value) in order: numbers as they are written, fixed64 and messages as bytes."""
    at = 0
    while at < len(data):
        key, at = number(data, at)
        field, kind = key >> 3, key & 7
        if kind == 0:
            value, at = number(data, at)
            yield field, value
            continue
        if kind == 2:
            size, at = number(data, at)
        elif kind in (1, 5):
            size = 8 if kind == 1 else 4
        else:
            raise DamageError("its footer is no valid message")
        if size > len(data) - at:
            raise DamageError("its footer ends in the middle of a message")
        yield field, data[at : at + size]
        at += size


def message(data: bytes) -> dict[int, list[Value]]:
    """Return all values of each field."""
    found: dict[int, list[Value]] = {}
    for field, value in fields(data):
        found.setdefault(field, []).append(value)
    return found


def number(data: bytes, at: int) -> tuple[int, int]:
    """Read a varint; returns it and where the next byte is."""
    value = shift = 0
    while at < len(data) and shift < 70:
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at
    raise DamageError("its footer ends in the middle of a number")


def whole(found: dict[int, list[Value]], field: int, default: int = 0) -> int:
    """Return a number of a message."""
    value = found.get(field, [default])[-1]
    if not isinstance(value, int):
        raise DamageError("its footer has a text where a number should be")
    return value


def part(found: dict[int, list[Value]], field: int) -> bytes:
    """Return a message within a message, empty where there is none."""
    value = found.get(field, [b""])[-1]
    if not isinstance(value, bytes):
        raise DamageError("its footer has a number where a message should be")
    return value


def parts(found: dict[int, list[Value]], field: int) -> list[bytes]:
    """Return all messages of a repeated field."""
    return [value for value in found.get(field, []) if isinstance(value, bytes)]


def signed(value: Value) -> int:
    """Return a zigzag number."""
    return (value >> 1) ^ -(value & 1) if isinstance(value, int) else 0


def double(value: Value) -> float:
    """Return a fixed64 as a floating-point number."""
    if not isinstance(value, bytes) or len(value) != 8:
        raise DamageError("its footer has a number of the wrong kind")
    return float(struct.unpack("<d", value)[0])


def numbers(values: list[Value]) -> list[int]:
    """Return a repeated number, packed or not."""
    found: list[int] = []
    for value in values:
        if isinstance(value, int):
            found.append(value)
            continue
        at = 0
        while at < len(value):
            one, at = number(value, at)
            found.append(one)
    return found


def written(pairs: list[tuple[int, Value]]) -> bytes:
    """Write a message of numbers and bytes."""
    out = bytearray()
    for field, value in pairs:
        if isinstance(value, int):
            out += varint(field << 3) + varint(value)
        else:
            out += varint(field << 3 | 2) + varint(len(value)) + value
    return bytes(out)
