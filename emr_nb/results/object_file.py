"""Read what Spark's `RDD[Array[Byte]].saveAsObjectFile` wrote: byte strings, in their order.

It is an uncompressed Hadoop SequenceFile (version 6) of NullWritable keys and BytesWritable
values, each value a `byte[][]` in Java's serialization (Java Object Serialization
Specification, chapter 6).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from emr_nb.errors import ResultError

_MAGIC = b"SEQ\x06"
_BYTES = b"org.apache.hadoop.io.BytesWritable"
_STREAM = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _ARRAY = 0x70, 0x71, 0x72, 0x75
_SYNC = 16


class ObjectFile:
    """A file that comes block by block; at most one record more than a block is held."""

    def __init__(self) -> None:
        self._blocks: list[memoryview] = []
        self._size = 0
        self._needed = 1
        self._sync = b""

    def feed(self, block: bytes | memoryview) -> Iterator[memoryview]:
        """Yield the byte strings that are whole now, mostly without copying; raises ResultError."""
        self._blocks.append(memoryview(block))
        self._size += len(block)
        if self._size < self._needed:
            return
        data = self._blocks[0] if len(self._blocks) == 1 else memoryview(b"".join(self._blocks))
        at = 0
        try:
            if not self._sync:  # the header lies in the first block whole
                at, self._sync = _header(data)
            while (record := self._record(data, at)) is not None:
                at, value = record
                if value is not None:
                    yield from _arrays(value)
        except (struct.error, IndexError) as error:
            raise _damaged(f"it ends too soon ({error})") from error
        rest = data[at:]
        self._blocks, self._size = ([rest] if rest else []), len(rest)

    def end(self) -> None:
        """Say that no block follows; raises ResultError where one is missing."""
        if self._size or not self._sync:
            raise _damaged("it ends too soon")

    def _record(self, data: memoryview, at: int) -> tuple[int, memoryview | None] | None:
        """Return where the next record begins and this one's value; None if it is not whole.

        A mark between records has no value.
        """
        left = len(data) - at
        self._needed = 4 + _SYNC
        if left < 4:
            return None
        (length,) = struct.unpack_from(">i", data, at)
        if length == -1:
            if left < self._needed:
                return None
            if bytes(data[at + 4 : at + 4 + _SYNC]) != self._sync:
                raise _damaged("a mark is wrong")
            return at + 4 + _SYNC, None
        if length < 0:
            raise _damaged(f"a record has {length} bytes")
        self._needed = 8 + length
        if left < self._needed:
            return None
        (key,) = struct.unpack_from(">i", data, at + 4)
        if not 0 <= key <= length:
            raise _damaged("a record's key is longer than the record")
        return at + 8 + length, data[at + 8 + key : at + 8 + length]


def _header(data: memoryview) -> tuple[int, bytes]:
    """Return where records begin, and the mark that stands between them."""
    if bytes(data[:4]) != _MAGIC:
        raise _damaged("it does not begin as a SequenceFile")
    at = 4
    names = []
    for _ in range(2):  # classes of key and value; their names are shorter than 128 bytes
        length = data[at]
        names.append(bytes(data[at + 1 : at + 1 + length]))
        at += 1 + length
    if names[1] != _BYTES or data[at] or data[at + 1]:
        raise _damaged(f"it holds {names[1].decode(errors='replace')}, or is compressed")
    (entries,) = struct.unpack_from(">i", data, at + 2)
    if entries:
        raise _damaged("it has metadata")
    at += 6
    sync = bytes(data[at : at + _SYNC])
    if len(sync) != _SYNC:
        raise _damaged("it ends within its header")
    return at + _SYNC, sync


def _arrays(record: memoryview) -> Iterator[memoryview]:
    """Yield the elements of a serialized `byte[][]` in a BytesWritable."""
    (length,) = struct.unpack_from(">i", record, 0)
    value = record[4 : 4 + length]
    if len(value) != length or bytes(value[:5]) != _STREAM + bytes([_ARRAY]):
        raise _damaged("a record is no serialized array")
    at = _described(value, 5)
    (count,) = struct.unpack_from(">i", value, at)
    at += 4
    for _ in range(count):
        if value[at] != _ARRAY:
            raise _damaged("an array holds something else than bytes")
        at = _described(value, at + 1)
        (size,) = struct.unpack_from(">i", value, at)
        item = value[at + 4 : at + 4 + size]
        if len(item) != size:
            raise _damaged("it ends within a batch")
        yield item
        at += 4 + size


def _described(value: memoryview, at: int) -> int:
    """Step over an array's class: described at its first use, a reference to that later."""
    if value[at] == _REFERENCE:
        return at + 5
    if value[at] != _CLASS:
        raise _damaged("an array has no class")
    (length,) = struct.unpack_from(">H", value, at + 1)
    at += 3 + length + 8 + 1 + 2  # name, serialVersionUID, flags, and no fields
    if value[at + 1] != _NULL:
        raise _damaged("an array's class has a parent")
    return at + 2


def _damaged(what: str) -> ResultError:
    return ResultError(
        f"A part of the result cannot be read: {what}",
        advice="Run the cell again; nothing of this result was used.",
    )
