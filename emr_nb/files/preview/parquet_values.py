"""How many bytes of a Parquet page its first values take: levels, PLAIN values, dictionary keys.

Source: apache/parquet-format Encodings.md. Nothing is decoded into values; pyarrow does that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

from emr_nb.files.preview.compact import varint
from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.prefix import Prefix

_WIDTHS = {"INT32": 4, "FLOAT": 4, "INT64": 8, "DOUBLE": 8, "INT96": 12}
_MOST_LEVELS = 100_000  # values of the first rows; more would be no preview
_STEP = 1024


class Window:
    """A page's bytes by index, fetched as far as they are looked at."""

    def __init__(self, prefix: Prefix, at: int = 0) -> None:
        self._prefix, self._data = prefix, b""
        self.at = at

    def take(self, length: int) -> bytes:
        """Return the next bytes; raises DamageError where the page ends before."""
        if length < 0:
            raise DamageError("a value has a negative length")
        end = self.at + length
        if end > len(self._data):
            self._data = self._prefix.get(end + max(_STEP, len(self._data)))
            if end > len(self._data):
                raise DamageError("a page ends in the middle of its values")
        self.at = end
        return self._data[end - length : end]

    def rest(self, length: int) -> bytes:
        """Return the next bytes, or those that there are; a decoder may look a little ahead."""
        data = self._prefix.get(self.at + length)[self.at :]
        self.at += len(data)
        return data


def hybrid(window: Window, width: int) -> Iterator[int]:
    """Yield numbers of the run-length and bit-packed encoding, without end of its own."""
    size, mask = (width + 7) // 8, (1 << width) - 1
    while True:
        head = _uvarint(window)
        if head & 1:
            for _ in range(head >> 1):  # groups of eight
                bits = int.from_bytes(window.take(width), "little")
                for index in range(8):
                    yield bits >> index * width & mask
        else:
            value = int.from_bytes(window.take(size), "little")
            if not head >> 1:
                raise DamageError("a page has a run of no values")
            for _ in range(head >> 1):
                yield value


def _uvarint(window: Window) -> int:
    value, shift = 0, 0
    while shift < 35:
        byte = window.take(1)[0]
        value |= (byte & 127) << shift
        if byte < 128:
            return value
        shift += 7
    raise DamageError("a page has a run of absurd length")


def packed(numbers: Sequence[int], width: int) -> bytes:
    """Write numbers as one bit-packed run."""
    groups = (len(numbers) + 7) // 8
    bits = 0
    for at, number in enumerate(numbers):
        bits |= number << at * width
    return varint(groups << 1 | 1) + bits.to_bytes(groups * width, "little")


def first_rows(repetition: Iterator[int], rows: int, most: int) -> tuple[list[int], int]:
    """Return the repetition levels of the first rows, and how many rows those are.

    `most` is how many levels there are.
    """
    levels: list[int] = []
    begun = 0
    for level in islice(repetition, most):
        if level == 0:
            if begun == rows:
                break
            begun += 1
        levels.append(level)
        if len(levels) > _MOST_LEVELS:
            raise BudgetSpentError(f"its first rows have more than {_MOST_LEVELS:,} values")
    return levels, begun


def plain_size(window: Window, physical: str, length: int, values: int) -> int:
    """Return the bytes that the next PLAIN values take."""
    if physical == "BYTE_ARRAY":
        begin = window.at
        for _ in range(values):
            window.take(int.from_bytes(window.take(4), "little"))
        size, window.at = window.at - begin, begin
        return size
    if physical == "BOOLEAN":
        return (values + 7) // 8
    return values * width_of(physical, length)


def width_of(physical: str, length: int) -> int:
    """Return the bytes of a value of fixed width."""
    return length if physical == "FIXED_LEN_BYTE_ARRAY" else _WIDTHS[physical]


def joined(split: bytes, width: int, values: int) -> bytes:
    """Return the first values of the encoding that keeps each value's bytes apart."""
    each = len(split) // width if width else 0
    if each < values:
        raise DamageError("a page ends in the middle of its values")
    return b"".join(split[at : at + each * width : each] for at in range(values))
