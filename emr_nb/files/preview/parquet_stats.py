"""The statistics of Parquet's column chunks as values of their types."""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.compact import Fields
from emr_nb.files.preview.model import ColumnStats
from emr_nb.files.preview.parquet_footer import CODECS, ENCODINGS, named

if TYPE_CHECKING:
    import pyarrow as pa

_FORMS = {"BOOLEAN": "<?", "INT32": "<i", "INT64": "<q", "FLOAT": "<f", "DOUBLE": "<d"}
_DAY = date(1970, 1, 1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"s": 1_000_000, "ms": 1000, "us": 1}  # microseconds; nanoseconds are divided


def stats_of(
    chunk: Fields, name: str, physical: str, types: Mapping[str, pa.DataType]
) -> ColumnStats:
    """Return what a chunk's metadata tell; `types` are those of the columns not nested."""
    told = chunk.get(12)
    told = told if isinstance(told, dict) else {}
    least, greatest = told.get(6), told.get(5)
    if least is None and greatest is None and physical in _FORMS:
        least, greatest = told.get(2), told.get(1)  # right for signed numbers alone
        if _is_unsigned(types.get(name)):
            least = greatest = None
    encodings = chunk.get(2)
    return ColumnStats(
        name,
        _count(told.get(3)),
        _value(least, physical, types.get(name)),
        _value(greatest, physical, types.get(name)),
        _count(told.get(4)),
        chunk[7],
        chunk[6],
        named(CODECS, chunk[4]),
        tuple(named(ENCODINGS, e) for e in encodings if isinstance(e, int))
        if isinstance(encodings, list)
        else (),
        exact=told.get(7) is not False and told.get(8) is not False,
    )


def _count(number: Any) -> int | None:
    return number if isinstance(number, int) and number >= 0 else None


def _is_unsigned(type_: pa.DataType | None) -> bool:
    from pyarrow import types

    return type_ is not None and types.is_unsigned_integer(type_)


def _value(data: Any, physical: str, type_: pa.DataType | None) -> Any:
    """Return a value; None where there is none, or none that its type has."""
    if not isinstance(data, bytes) or physical == "INT96":
        return None
    plain: Any = data
    if form := _FORMS.get(physical):
        if len(data) != struct.calcsize(form):
            return None
        plain = struct.unpack(form, data)[0]
    try:
        return plain if type_ is None else _typed(plain, type_)
    except (OverflowError, ValueError, ArithmeticError):
        return None


def _typed(value: Any, type_: pa.DataType) -> Any:
    from pyarrow import types

    if types.is_dictionary(type_):
        return _typed(value, type_.value_type)
    ways: tuple[tuple[Callable[[Any], bool], Callable[[Any, Any], Any]], ...] = (
        (types.is_decimal, _decimal),
        (types.is_date, lambda v, _: _DAY + timedelta(days=v)),
        (types.is_timestamp, _timestamp),
        (types.is_time, _time),
        (types.is_unsigned_integer, lambda v, t: v % (1 << t.bit_width)),
        (_is_text, lambda v, _: v.decode("utf-8", "backslashreplace")),
    )
    return next((make(value, type_) for test, make in ways if test(type_)), value)


def _is_text(type_: pa.DataType) -> bool:
    from pyarrow import types

    return bool(
        types.is_string(type_) or types.is_large_string(type_) or types.is_string_view(type_)
    )


def _decimal(value: Any, type_: pa.DataType) -> Decimal:
    if isinstance(value, bytes):
        value = int.from_bytes(value, "big", signed=True)
    return Decimal((int(value < 0), tuple(map(int, str(abs(value)))), -type_.scale))


def _timestamp(value: int, type_: pa.DataType) -> datetime:
    micros = value // 1000 if type_.unit == "ns" else value * _UNITS[type_.unit]
    moment = _EPOCH + timedelta(microseconds=micros)
    return moment if type_.tz else moment.replace(tzinfo=None)


def _time(value: int, type_: pa.DataType) -> time:
    micros = value // 1000 if type_.unit == "ns" else value * _UNITS[type_.unit]
    return (_EPOCH + timedelta(microseconds=micros)).time()
