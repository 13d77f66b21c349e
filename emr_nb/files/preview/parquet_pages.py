"""The first values of one Parquet column, cut out of its pages.

A page holds up to a MiB and more, its dictionary as much again, and twenty rows need a few
hundred bytes of both. What they need is put into new, uncompressed pages, which hold nothing
that was not checked: sizes, counts, keys. Source: apache/parquet-format, parquet.thrift.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import Any

from emr_nb.files.preview.compact import I32, STRUCT, Compact, CutError, Fields, encoded
from emr_nb.files.preview.damage import DamageError
from emr_nb.files.preview.parquet_values import (
    Window,
    first_rows,
    hybrid,
    joined,
    packed,
    plain_size,
    width_of,
)
from emr_nb.files.preview.prefix import PLAIN, Held, Prefix
from emr_nb.files.preview.source import Source

_DATA, _DICTIONARY, _DATA2 = 0, 2, 3
_PLAIN, _PLAIN_DICTIONARY, _RLE, _RLE_DICTIONARY, _SPLIT = 0, 2, 3, 8, 9
_DELTAS = (5, 6, 7)  # pyarrow decodes as many of them as are asked for
_HEADER = 1024
_MOST_HEADER = 1024 * 1024
_MOST_PAGES = 1024


@dataclass(frozen=True, slots=True)
class Chunk:
    """Where one column's values of a row group lie, and how they are written."""

    name: str
    start: int
    length: int
    codec: str
    physical: str
    type_length: int
    max_definition: int
    max_repetition: int


@dataclass(frozen=True, slots=True)
class Cut:
    """The new pages of one column: `dictionary` is the bytes of the first where it is one."""

    pages: bytes
    dictionary: int
    values: int


@dataclass(slots=True)
class _Page:
    kind: int
    body: int
    stored: int
    uncompressed: int
    told: Fields


class ColumnCutter:
    """Cuts the first `rows` rows out of a column chunk; raises DamageError, BudgetSpentError."""

    def __init__(self, source: Source, chunk: Chunk, rows: int) -> None:
        self._source, self._chunk, self._left = source, chunk, rows
        self._at, self._end = chunk.start, chunk.start + chunk.length
        self._dictionary: _Page | None = None
        self._most_key = -1
        self._values = 0

    def cut(self) -> Cut:
        """Return the new pages."""
        pages = b""
        for _ in range(_MOST_PAGES):
            if self._left <= 0:
                break
            page = self._next()
            if page.kind == _DICTIONARY:
                self._dictionary = page
            elif page.kind in (_DATA, _DATA2):
                pages += self._data(page)
        else:
            raise DamageError("its first rows are spread over too many pages")
        head = self._keys() if self._most_key >= 0 else b""
        return Cut(head + pages, len(head), self._values)

    def _next(self) -> _Page:
        """Read the next page's header."""
        size = _HEADER
        while True:
            data = self._source.read(self._at, min(size, max(0, self._end - self._at)))
            reader = Compact(data)
            try:
                told = reader.struct()
                break
            except CutError as error:
                if len(data) < size or size >= _MOST_HEADER:
                    raise DamageError("it ends in the middle of a page") from error
                size *= 8
        kind, whole, stored = (_int(told, n) for n in (1, 2, 3))
        body = self._at + reader.at
        if min(whole, stored) < 0 or body + stored > self._end:
            raise DamageError(f"a page has a size of {stored:,} ({whole:,}) bytes")
        self._at = body + stored
        return _Page(kind, body, stored, whole, told)

    def _data(self, page: _Page) -> bytes:
        chunk = self._chunk
        head = page.told.get(5 if page.kind == _DATA else 8)
        if not isinstance(head, dict):
            raise DamageError("a page has no header of its kind")
        total = _int(head, 1)
        encoding = _int(head, 2 if page.kind == _DATA else 4)
        if total < 0:
            raise DamageError(f"a page has {total:,} values")
        body, repetition, definition = self._levels(page, head)
        take, rows = min(self._left, total), min(self._left, total)
        levels = b""
        if chunk.max_repetition:
            width = chunk.max_repetition.bit_length()
            numbers, rows = first_rows(hybrid(repetition, width), self._left, total)
            take = len(numbers)
            levels += _block(numbers, width)
        present = take
        if chunk.max_definition:
            width = chunk.max_definition.bit_length()
            numbers = list(islice(hybrid(definition, width), take))
            present = numbers.count(chunk.max_definition)
            levels += _block(numbers, width)
        values = self._cut_values(body, encoding, present, page.uncompressed)
        self._left -= rows
        self._values += take
        keyed = values and encoding in (_PLAIN_DICTIONARY, _RLE_DICTIONARY)
        written = encoding if keyed or encoding in _DELTAS else _PLAIN
        return _data_page(levels + values, take, written)

    def _levels(self, page: _Page, head: Fields) -> tuple[Window, Window, Window]:
        """Return windows on the values, and on the repetition and definition levels."""
        source, codec = self._source, self._chunk.codec
        if page.kind == _DATA2:
            definition, repetition = _int(head, 5), _int(head, 6)
            stored = page.stored - definition - repetition
            whole = page.uncompressed - definition - repetition
            if min(definition, repetition, stored, whole) < 0:
                raise DamageError("a page is smaller than its levels")
            if not head.get(7, True):
                codec = PLAIN
            at = page.body
            return (
                Window(Prefix(source, at + definition + repetition, stored, codec, whole)),
                Window(Prefix(source, at, repetition, PLAIN, repetition)),
                Window(Prefix(source, at + repetition, definition, PLAIN, definition)),
            )
        if _int(head, 3, _RLE) != _RLE or _int(head, 4, _RLE) != _RLE:
            raise DamageError("its levels have an encoding of long ago (BIT_PACKED)")
        prefix = Prefix(source, page.body, page.stored, codec, page.uncompressed)
        at, windows = 0, []
        for width in (self._chunk.max_repetition, self._chunk.max_definition):
            window = Window(prefix, at)
            windows.append(window)
            if width:
                length = int.from_bytes(window.take(4), "little")
                at += 4 + length
        return Window(prefix, at), windows[0], windows[1]

    def _cut_values(self, body: Window, encoding: int, present: int, whole: int) -> bytes:
        """Return the bytes of the next values that are no nulls."""
        chunk = self._chunk
        if not present:  # a page of keys would need a dictionary, and there are no keys
            return b""
        if encoding == _PLAIN:
            return body.take(plain_size(body, chunk.physical, chunk.type_length, present))
        if encoding in (_PLAIN_DICTIONARY, _RLE_DICTIONARY):
            width = body.take(1)[0]
            if width > 32:
                raise DamageError(f"its dictionary keys have {width} bits")
            keys = list(islice(hybrid(body, width), present)) if width else [0] * present
            self._most_key = max(self._most_key, *keys)
            return bytes([width]) + packed(keys, width)
        data = body.rest(whole)
        if encoding == _SPLIT:
            return joined(data, width_of(chunk.physical, chunk.type_length), present)
        if encoding == _RLE and chunk.physical == "BOOLEAN":
            numbers = islice(hybrid(Window(Held(data), 4), 1), present)
            bits = sum(bit << at for at, bit in enumerate(numbers))
            return bits.to_bytes((present + 7) // 8, "little")
        if encoding not in _DELTAS:
            raise DamageError(f"its values have an encoding that is not known ({encoding})")
        return data

    def _keys(self) -> bytes:
        """Return a dictionary page with those values that are used."""
        page, chunk = self._dictionary, self._chunk
        if page is None:
            raise DamageError("its dictionary is missing")
        number = self._most_key + 1
        if number > _int(page.told.get(7) or {}, 1):
            raise DamageError("a value is not in its dictionary")
        window = Window(
            Prefix(self._source, page.body, page.stored, chunk.codec, page.uncompressed)
        )
        data = window.take(plain_size(window, chunk.physical, chunk.type_length, number))
        told = {1: (I32, number), 2: (I32, _PLAIN)}
        return _page(_DICTIONARY, data, 7, told)


def _block(levels: list[int], width: int) -> bytes:
    data = packed(levels, width)
    return len(data).to_bytes(4, "little") + data


def _data_page(data: bytes, values: int, encoding: int) -> bytes:
    told = {1: (I32, values), 2: (I32, encoding), 3: (I32, _RLE), 4: (I32, _RLE)}
    return _page(_DATA, data, 5, told)


def _page(kind: int, data: bytes, field: int, told: dict[int, tuple[int, Any]]) -> bytes:
    sizes = {1: (I32, kind), 2: (I32, len(data)), 3: (I32, len(data))}
    return encoded({**sizes, field: (STRUCT, told)}) + data


def _int(fields: Fields, field: int, default: int | None = None) -> int:
    value = fields.get(field, default)
    if not isinstance(value, int):
        raise DamageError("a page's header lacks what it needs")
    return value
