"""Make one Parquet file of several: row groups are copied as they are, only the footer is new.

The footer is a Thrift struct in the compact protocol (Apache Parquet, `parquet.thrift`); it is
read without its definition, so that what a newer writer puts in stays there.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from emr_nb.errors import ResultError

if TYPE_CHECKING:
    from thrift.protocol.TCompactProtocol import TCompactProtocol

MAGIC = b"PAR1"
END = 8  # bytes of the footer's length and the magic behind it

# fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData
_SCHEMA, _ROWS, _GROUPS, _PAIRS = 2, 3, 4, 5
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _META, _OFFSET_INDEX, _COLUMN_INDEX = 2, 3, 4, 6
_DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _BLOOM_FILTER = 9, 10, 11, 14
_MOST_GROUPS = 2**15  # the ordinal is an i16

# Thrift's types, and how its protocols call those that have nothing inside
_STOP, _STRUCT, _LIST = 0, 12, 15
_I16, _I64, _STRING = 6, 10, 11
_NAMES = {2: "Bool", 3: "Byte", 4: "Double", _I16: "I16", 8: "I32", _I64: "I64", _STRING: "Binary"}

Struct = dict[int, tuple[int, Any]]  # field: (Thrift's type, value)


class ParquetJoin:
    """The parts of one file, told one after the other; all have the schema of the first."""

    def __init__(self) -> None:
        self._meta: Struct | None = None
        self._groups: list[Struct] = []
        self.rows = 0

    def add(self, footer: bytes, start: int) -> None:
        """Take a part whose first byte stands at `start` of the file; raises ResultError."""
        try:
            meta = _decoded(footer)
            groups = meta[_GROUPS][1][1]
            rows = int(meta[_ROWS][1])
        except Exception as error:  # thrift raises whatever the bytes happen to lead to
            raise _damaged(
                f"its footer cannot be read ({error or type(error).__name__})"
            ) from error
        if self._meta is None:
            self._meta = meta
        elif meta[_SCHEMA] != self._meta[_SCHEMA]:
            raise _damaged("its schema is not that of the part before it")
        for group in groups:
            _moved(group, start)
            self._groups.append(group)
        self.rows += rows

    def end(self, pairs: Mapping[bytes, bytes]) -> bytes:
        """Return what stands behind the last row group, with `pairs` among the file's metadata."""
        meta = self._meta
        if meta is None:
            raise _damaged("there is none")
        for at, group in enumerate(self._groups):
            group.pop(_ORDINAL, None)
            if len(self._groups) < _MOST_GROUPS:
                group[_ORDINAL] = (_I16, at)
        kept = [pair for pair in meta.get(_PAIRS, (0, (0, [])))[1][1] if pair[1][1] not in pairs]
        more = [{1: (_STRING, key), 2: (_STRING, pairs[key])} for key in pairs]
        meta[_ROWS] = (_I64, self.rows)
        meta[_GROUPS] = (_LIST, (_STRUCT, self._groups))
        meta[_PAIRS] = (_LIST, (_STRUCT, [*kept, *more]))
        footer = _encoded(meta)
        return footer + struct.pack("<i", len(footer)) + MAGIC


def footer_length(tail: bytes) -> int:
    """Return the bytes of a part's footer, given the part's last bytes; raises ResultError."""
    if len(tail) < END or tail[-4:] != MAGIC:
        raise _damaged("it does not end as a Parquet file")
    (length,) = struct.unpack("<i", tail[-END:-4])
    if length <= 0:
        raise _damaged(f"its footer has {length} bytes")
    return int(length)


def _moved(group: Struct, by: int) -> None:
    """Move a row group's offsets; what is not told stays so."""
    _shift(group, by, _GROUP_OFFSET)
    for column in group[_COLUMNS][1][1]:
        _shift(column, by, _CHUNK_OFFSET, _OFFSET_INDEX, _COLUMN_INDEX)
        _shift(column[_META][1], by, _DATA_PAGE, _INDEX_PAGE, _DICTIONARY_PAGE, _BLOOM_FILTER)


def _shift(fields: Struct, by: int, *ids: int) -> None:
    for field in ids:
        kind, offset = fields.get(field, (0, 0))
        if offset > 0:  # 0 is what writers put where an offset is not used
            fields[field] = (kind, offset + by)


def _decoded(data: bytes) -> Struct:
    from thrift.protocol.TCompactProtocol import TCompactProtocol
    from thrift.transport.TTransport import TMemoryBuffer

    return dict(_fields(TCompactProtocol(TMemoryBuffer(data))))


def _fields(source: TCompactProtocol) -> Iterator[tuple[int, tuple[int, Any]]]:
    source.readStructBegin()
    while True:
        _, kind, field = source.readFieldBegin()
        if kind == _STOP:
            break
        yield field, (kind, _value(source, kind))
        source.readFieldEnd()
    source.readStructEnd()


def _value(source: TCompactProtocol, kind: int) -> Any:
    if kind == _STRUCT:
        return dict(_fields(source))
    if kind == _LIST:
        inner, size = source.readListBegin()
        items = [_value(source, inner) for _ in range(size)]
        source.readListEnd()
        return inner, items
    if kind not in _NAMES:
        raise ValueError(f"a field of Thrift's type {kind}")
    return getattr(source, f"read{_NAMES[kind]}")()


def _encoded(meta: Struct) -> bytes:
    from thrift.protocol.TCompactProtocol import TCompactProtocol
    from thrift.transport.TTransport import TMemoryBuffer

    buffer = TMemoryBuffer()
    _write(TCompactProtocol(buffer), _STRUCT, meta)
    return bytes(buffer.getvalue())


def _write(sink: TCompactProtocol, kind: int, value: Any) -> None:
    if kind == _STRUCT:
        sink.writeStructBegin("")
        for field in sorted(value):
            sink.writeFieldBegin("", value[field][0], field)
            _write(sink, *value[field])
            sink.writeFieldEnd()
        sink.writeFieldStop()
        sink.writeStructEnd()
    elif kind == _LIST:
        inner, items = value
        sink.writeListBegin(inner, len(items))
        for item in items:
            _write(sink, inner, item)
        sink.writeListEnd()
    else:
        getattr(sink, f"write{_NAMES[kind]}")(value)


def _damaged(what: str) -> ResultError:
    return ResultError(
        f"A part of the result cannot be joined: {what}",
        advice="Run the cell again; nothing was written.",
    )
