"""Thrift's compact protocol without definitions, bounded: what Parquet's headers are written in.

Source: apache/thrift doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emr_nb.files.preview.damage import DamageError

I16, I32, I64, BINARY, LIST, STRUCT = 4, 5, 6, 8, 9, 12
_TRUE, _FALSE, _BYTE, _DOUBLE, _SET = 1, 2, 3, 7, 10
_DEEP = 24

Fields = dict[int, Any]


class CutError(Exception):
    """The bytes end before the struct does: more of them may help."""


class Compact:
    """Reads structs; integers, bytes, lists and dicts by field id.

    A footer has a hundred thousand numbers, nearly all of them of one byte: hence the short
    way for those.
    """

    def __init__(self, data: bytes, at: int = 0) -> None:
        self._data, self.at = data, at

    def struct(self, depth: int = 0) -> Fields:
        """Read a struct."""
        if depth > _DEEP:
            raise DamageError("a header is nested too deep")
        found: Fields = {}
        field = 0
        data = self._data
        try:
            while head := data[self.at]:
                self.at += 1
                field = field + (head >> 4) if head > 15 else self.zigzag()
                kind = head & 15
                if I16 <= kind <= I64:
                    byte = data[self.at]
                    if byte < 128:
                        self.at += 1
                        found[field] = (byte >> 1) ^ -(byte & 1)
                        continue
                found[field] = self.value(kind, depth)
        except IndexError as error:
            raise CutError from error
        self.at += 1
        return found

    def fields(self) -> Iterator[tuple[int, int]]:
        """Yield (field, type) of a struct whose values the caller reads."""
        field = 0
        while head := self._byte():
            field = field + (head >> 4) if head > 15 else self.zigzag()
            yield field, head & 15

    def value(self, kind: int, depth: int = 0) -> Any:
        """Read a value of a type."""
        if kind in (_TRUE, _FALSE):
            return kind == _TRUE
        if I16 <= kind <= I64:
            return self.zigzag()
        if kind == BINARY:
            return self._take(self._varint())
        if kind == STRUCT:
            return self.struct(depth + 1)
        if kind in (LIST, _SET):
            return self._list(depth)
        if kind == _BYTE:
            return self._byte()
        if kind == _DOUBLE:
            return self._take(8)
        raise DamageError(f"a header has a field of Thrift's type {kind}")

    def list_head(self) -> tuple[int, int]:
        """Read a list's type and number of elements, each of which takes a byte at least."""
        head = self._byte()
        kind, size = head & 15, head >> 4
        if size == 15:
            size = self._varint()
        if size > len(self._data) - self.at:
            raise CutError
        return kind, size

    def zigzag(self) -> int:
        """Read a signed number."""
        value = self._varint()
        return (value >> 1) ^ -(value & 1)

    def _list(self, depth: int) -> list[Any]:
        kind, size = self.list_head()
        if kind in (_TRUE, _FALSE):
            return [self._byte() == _TRUE for _ in range(size)]
        return [self.value(kind, depth) for _ in range(size)]

    def _byte(self) -> int:
        if self.at >= len(self._data):
            raise CutError
        self.at += 1
        return self._data[self.at - 1]

    def _take(self, length: int) -> bytes:
        if length > len(self._data) - self.at:
            raise CutError
        self.at += length
        return self._data[self.at - length : self.at]

    def _varint(self) -> int:
        value, shift = 0, 0
        while shift < 70:
            byte = self._byte()
            value |= (byte & 127) << shift
            if byte < 128:
                return value
            shift += 7
        raise DamageError("a header has a number of more than 64 bits")


class Raw(bytes):
    """A value that is encoded already."""

    __slots__ = ()


def encoded(fields: Mapping[int, tuple[int, Any]]) -> bytes:
    """Write a struct of field ids to (type, value); lists hold (type of the elements, values)."""
    out, last = bytearray(), 0
    for field in sorted(fields):
        kind, value = fields[field]
        out.append((field - last) << 4 | kind)  # our ids are never more than 15 apart
        out += _written(kind, value)
        last = field
    out.append(0)
    return bytes(out)


def _written(kind: int, value: Any) -> bytes:
    if isinstance(value, Raw):
        return value
    if kind in (I32, I64):
        return varint((value << 1) ^ (value >> 63))
    if kind == BINARY:
        return varint(len(value)) + bytes(value)
    if kind == LIST:
        inner, items = value
        return _list_head(inner, items) + b"".join(_written(inner, item) for item in items)
    return encoded(value)


def _list_head(kind: int, items: Sequence[Any]) -> bytes:
    return bytes([min(15, len(items)) << 4 | kind]) + (
        varint(len(items)) if len(items) >= 15 else b""
    )


def varint(value: int) -> bytes:
    """Write an unsigned number, seven bits a byte."""
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
