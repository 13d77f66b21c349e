"""The first rows of an Arrow record batch of any size, built of the beginnings of its buffers."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.flat import Table
from emr_nb.files.preview.prefix import MOST, zstd
from emr_nb.files.preview.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

CODECS = {0: "lz4", 1: "zstd"}


class OddTypeError(Exception):
    """A type whose buffers have no beginning that stands for its first rows."""


class BatchHead:
    """The first `rows` rows of one batch whose buffers lie behind `body`."""

    def __init__(self, source: Source, batch: Table, body: int, length: int) -> None:
        self._source, self._body, self._length = source, body, length
        self.rows = batch.number(0, "<q")
        self._nodes = iter(batch.structs(1, "<qq"))
        self._buffers = iter(batch.structs(2, "<qq"))
        self._more = iter(batch.structs(4, "<q"))  # buffers of each column of views
        self.codec = codec_of(batch)

    def column(self, type_: pa.DataType, rows: int, *, wanted: bool = True) -> pa.Array | None:
        """Return a column's first rows; without `wanted` its buffers are only passed over.

        Columns have to be asked for in their order. Raises OddTypeError.
        """
        import pyarrow as pa

        if isinstance(type_, pa.BaseExtensionType):
            inner = self.column(type_.storage_type, rows, wanted=wanted)
            return None if inner is None else pa.ExtensionArray.from_storage(type_, inner)
        self._node()
        kind = _layout(type_)
        if kind == "null":
            return pa.nulls(rows)
        if kind == "list":
            return self._list(type_, rows, wanted=wanted)
        if kind == "view" and not wanted:
            for _ in range(2 + min(10_000, _following(self._more, 1)[0])):
                self._buffer(0, wanted=False)
            return None
        if kind in ("odd", "view"):
            raise OddTypeError(f"{type_} is read only where its batch is small")
        return self._simple(kind, type_, rows, wanted=wanted)

    def _simple(self, kind: str, type_: pa.DataType, rows: int, *, wanted: bool) -> pa.Array | None:
        buffers, children = [self._bits(rows, wanted=wanted)], []
        if kind == "struct":
            children = [self.column(f.type, rows, wanted=wanted) for f in type_]
        elif kind == "fixed list":
            children = [self.column(type_.value_type, rows * type_.list_size, wanted=wanted)]
        elif kind == "bytes":
            offsets, end = self._offsets(type_, rows, wanted=wanted)
            buffers += [offsets, self._buffer(end, wanted=wanted)]
        else:
            buffers.append(self._buffer((rows * type_.bit_width + 7) // 8, wanted=wanted))
        return self._made(type_, rows, buffers, children, wanted=wanted)

    def _list(self, type_: pa.DataType, rows: int, *, wanted: bool) -> pa.Array | None:
        import pyarrow as pa
        from pyarrow import types

        valid = self._bits(rows, wanted=wanted)
        offsets, end = self._offsets(type_, rows, wanted=wanted)
        inner = (
            pa.struct([type_.key_field, type_.item_field])
            if types.is_map(type_)
            else type_.value_type
        )
        child = self.column(inner, end, wanted=wanted)
        return self._made(type_, rows, [valid, offsets], [child], wanted=wanted)

    def _offsets(self, type_: pa.DataType, rows: int, *, wanted: bool) -> tuple[Any, int]:
        """Return the buffer of offsets, and where the values of the first rows end."""
        from pyarrow import types

        wide = (
            types.is_large_list(type_)
            or types.is_large_string(type_)
            or types.is_large_binary(type_)
        )
        width = 8 if wide else 4
        data = self._buffer((rows + 1) * width if rows else 0, wanted=wanted)
        if not wanted or not rows:
            return data, 0
        end = int.from_bytes(bytes(data)[rows * width :], "little", signed=True)
        if not 0 <= end <= MOST:
            raise BudgetSpentError(f"its first rows have {end:,} values")
        return data, end

    def _bits(self, rows: int, *, wanted: bool) -> Any:
        return self._buffer((rows + 7) // 8, wanted=wanted, may_miss=True)

    def _node(self) -> None:
        length, nulls = _following(self._nodes)
        if length < 0 or nulls < 0:
            raise DamageError(f"a batch has {length:,} values of which {nulls:,} are null")

    def _buffer(self, size: int, *, wanted: bool, may_miss: bool = False) -> Any:
        """Return the beginning of the next buffer as pyarrow takes it."""
        import pyarrow as pa

        offset, length = _following(self._buffers)
        if offset < 0 or length < 0 or offset + length > self._length:
            raise DamageError("a batch's buffer lies outside of it")
        if may_miss and not length:
            return None
        if not wanted:
            return pa.py_buffer(b"")
        if size > MOST:
            raise BudgetSpentError(f"its first rows take {size:,} bytes")
        data = self._taken(self._body + offset, length, size)
        if len(data) < size:
            raise DamageError("a batch's buffer is shorter than its rows")
        return pa.py_buffer(data)

    def _taken(self, start: int, length: int, size: int) -> bytes:
        if self.codec is None or not length or not size:
            return self._source.read(start, min(length, size))
        whole = int.from_bytes(self._source.exactly(start, 8, "a buffer"), "little", signed=True)
        if whole == -1:  # too small to be worth compressing
            return self._source.read(start + 8, min(length - 8, size))
        given = min(length - 8, max(4096, size // 2))
        while True:
            data = self._source.exactly(start + 8, given, "a buffer")
            made = zstd(data, size) if self.codec == "zstd" else _lz4_frame(data, size)
            if len(made) >= size or given == length - 8:
                return made[:size]
            given = min(length - 8, given * 4)

    def _made(
        self,
        type_: pa.DataType,
        rows: int,
        buffers: list[Any],
        children: list[Any],
        *,
        wanted: bool,
    ) -> pa.Array | None:
        import pyarrow as pa

        if not wanted:
            return None
        # what the buffers hold is validated where all first rows are: see present
        return pa.Array.from_buffers(type_, rows, buffers, children=children)


def _layout(type_: pa.DataType) -> str:
    """Return which of Arrow's layouts a type has."""
    from pyarrow import types

    tests: tuple[tuple[str, tuple[Callable[[pa.DataType], bool], ...]], ...] = (
        ("null", (types.is_null,)),
        ("struct", (types.is_struct,)),
        ("fixed list", (types.is_fixed_size_list,)),
        ("list", (types.is_list, types.is_large_list, types.is_map)),
        (
            "bytes",
            (types.is_string, types.is_binary, types.is_large_string, types.is_large_binary),
        ),
        ("plain", (types.is_primitive, types.is_fixed_size_binary, types.is_decimal)),
        ("view", (types.is_string_view, types.is_binary_view)),
    )
    return next((name for name, is_ in tests if any(test(type_) for test in is_)), "odd")


def codec_of(batch: Table) -> str | None:
    """Return how a batch's buffers are compressed, None where they are not."""
    told = batch.table(3)
    if told is None:
        return None
    codec = CODECS.get(told.number(0, "<b"))
    if codec is None:
        raise DamageError("a batch's compression is not known")
    return codec


def _following(pairs: Iterator[tuple[int, ...]], width: int = 2) -> tuple[int, ...]:
    found = next(pairs, None)
    if found is None or len(found) != width or not 0 <= max(found) < 2**62:
        raise DamageError("a batch has fewer buffers than its columns need")
    return found


def _lz4_frame(data: bytes, wanted: int) -> bytes:
    import pyarrow as pa

    made = bytearray()
    stream = pa.CompressedInputStream(io.BytesIO(data), "lz4")
    try:
        while len(made) < wanted and (piece := stream.read(min(65536, wanted - len(made)))):
            made += piece
    except OSError as error:
        if "runcated" not in str(error):
            raise DamageError(f"it cannot be decompressed ({error})") from error
    return bytes(made)
