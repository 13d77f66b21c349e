"""FlatBuffers without definitions, bounded: what Arrow's messages are written in.

Source: flatbuffers.dev/internals; Arrow's Message.fbs and File.fbs.
"""

from __future__ import annotations

import struct

from emr_nb.files.preview.damage import DamageError

_MOST = 1_000_000  # elements of a vector


class Table:
    """A table within a buffer; fields by their number."""

    def __init__(self, data: bytes, at: int) -> None:
        self._data, self._at = data, at
        vtable = at - self._unpack("<i", at)
        size = self._unpack("<H", vtable)
        self._slots = [self._unpack("<H", vtable + n) for n in range(4, min(size, 256), 2)]

    @classmethod
    def root(cls, data: bytes) -> Table:
        """Return the outermost table."""
        return cls(data, _unpacked("<I", data, 0))

    def number(self, field: int, form: str, default: int = 0) -> int:
        """Return a number, as struct writes its form."""
        at = self._where(field)
        return default if at is None else self._unpack(form, at)

    def table(self, field: int) -> Table | None:
        """Return a table within this one."""
        at = self._where(field)
        return None if at is None else Table(self._data, at + self._unpack("<I", at))

    def structs(self, field: int, form: str) -> list[tuple[int, ...]]:
        """Return a vector of structs."""
        at = self._where(field)
        if at is None:
            return []
        at += self._unpack("<I", at)
        count, size = self._unpack("<I", at), struct.calcsize(form)
        if count > _MOST or at + 4 + count * size > len(self._data):
            raise DamageError(f"a message of it has {count:,} parts, more than its bytes")
        return [struct.unpack_from(form, self._data, at + 4 + n * size) for n in range(count)]

    def _where(self, field: int) -> int | None:
        if field >= len(self._slots) or not self._slots[field]:
            return None
        return self._at + self._slots[field]

    def _unpack(self, form: str, at: int) -> int:
        return _unpacked(form, self._data, at)


def _unpacked(form: str, data: bytes, at: int) -> int:
    if at < 0 or at + struct.calcsize(form) > len(data):
        raise DamageError("a message of it points outside itself")
    return int(struct.unpack_from(form, data, at)[0])
