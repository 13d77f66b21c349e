"""Columns of JSON values to Arrow arrays of the engine's types, exactly."""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Callable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from emr_nb.engines.presto import instants
from emr_nb.engines.presto.instants import Zones
from emr_nb.engines.presto.types import BYTES, Kind, arrow_type
from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa

_MONTHS = re.compile(r"(-?)(\d+)-(\d+)")
_SECONDS = re.compile(r"(-?)(\d+) (\d+):(\d\d):(\d\d)\.(\d{3})")
_TIE = 0x1000_0000  # a double half way between two floats: rounded twice it may be wrong
_TIE_BITS = 0x1FFF_FFFF
_SMALLEST = 1.1754943508222875e-38  # below it floats have fewer digits

Values = Sequence[Any]


def decode(kind: Kind, values: Values, zones: Zones) -> pa.Array:
    """Return a column's values as an array of `arrow_type(kind)`.

    Raises ResultError for a value that is none of its type.
    """
    import pyarrow as pa

    try:
        return _decode(kind, values, zones)
    except (pa.ArrowException, ValueError, TypeError, KeyError, Base64Error) as error:
        raise ResultError(
            f"A value of type {kind.name} cannot be read: {error}",
            advice="Cast the column in the query, for example to varchar.",
        ) from error


def _decode(kind: Kind, values: Values, zones: Zones) -> pa.Array:
    import pyarrow as pa

    if kind.is_text:
        return pa.array(_texts(values), pa.string())
    reader = _READERS.get(kind.name)
    return reader(kind, values, zones) if reader else pa.array(values, arrow_type(kind))


def _texts(values: Values) -> Values:
    """Return texts as they are; of an engine's type that comes as JSON, the JSON."""
    if all(v is None or type(v) is str for v in values):
        return values
    import orjson

    return [v if v is None or type(v) is str else orjson.dumps(v).decode() for v in values]


def _bytes(_: Kind, values: Values, __: Zones) -> pa.Array:
    import pyarrow as pa

    return pa.array([v if v is None else a2b_base64(v) for v in values], pa.binary())


def _decimals(kind: Kind, values: Values, _: Zones) -> pa.Array:
    import pyarrow as pa

    return pa.array(values, pa.string()).cast(arrow_type(kind))


def _year_months(kind: Kind, values: Values, _: Zones) -> pa.Array:
    import pyarrow as pa

    months = [None if v is None else (_months(v), 0, 0) for v in values]
    return pa.array(months, arrow_type(kind))


def _day_seconds(kind: Kind, values: Values, _: Zones) -> pa.Array:
    import pyarrow as pa

    ticks = [None if v is None else _milliseconds(v) for v in values]
    return pa.array(ticks, pa.int64()).view(arrow_type(kind))


def _doubles(values: Values) -> pa.Array:
    """Return doubles; what is no number comes as the texts NaN, Infinity and -Infinity."""
    import pyarrow as pa

    if any(type(v) is str for v in values):
        values = [float(v) if type(v) is str else v for v in values]
    return pa.array(values, pa.float64())


def _reals(doubles: pa.Array) -> pa.Array:
    """Return floats as their text says: one rounded first to a double may be the wrong one."""
    import numpy as np
    import pyarrow as pa

    wide = doubles.fill_null(0.0).to_numpy(zero_copy_only=False)
    with np.errstate(over="ignore"):
        narrow = wide.astype(np.float32)
    tied = (wide.view(np.int64) & _TIE_BITS) == _TIE
    doubtful = np.flatnonzero(tied | ((np.abs(wide) < _SMALLEST) & (wide != 0)))
    if len(doubtful):  # NumPy would round a text twice too
        texts = pa.array([repr(float(wide[at])) for at in doubtful], pa.string())
        narrow[doubtful] = texts.cast(pa.float32()).to_numpy()
    mask = doubles.is_null().to_numpy(zero_copy_only=False) if doubles.null_count else None
    return pa.array(narrow, pa.float32(), mask=mask)


def _months(text: str) -> int:
    found = _MONTHS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    months = int(found[2]) * 12 + int(found[3])
    return -months if found[1] else months


def _milliseconds(text: str) -> int:
    found = _SECONDS.fullmatch(text)
    if found is None:
        raise ValueError(text)
    days, hours, minutes, seconds, rest = map(int, found.groups()[1:])
    total = (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + rest
    return -total if found[1] else total


# -- nested -------------------------------------------------------------------------------


def _lists(kind: Kind, values: Values, zones: Zones) -> pa.Array:
    import pyarrow as pa

    flat = list(chain.from_iterable(v for v in values if v is not None))
    items = _decode(kind.children[0][1], flat, zones)
    offsets, mask = _spans(values)
    return pa.ListArray.from_arrays(offsets, items, type=arrow_type(kind), mask=mask)


def _maps(kind: Kind, values: Values, zones: Zones) -> pa.Array:
    import pyarrow as pa

    there = [v for v in values if v is not None]
    (_, key), (_, value) = kind.children
    keys = _decode(key, _keys(key, list(chain.from_iterable(there))), zones)
    items = _decode(value, list(chain.from_iterable(v.values() for v in there)), zones)
    offsets, mask = _spans(values)
    return pa.MapArray.from_arrays(offsets, keys, items, type=arrow_type(kind), mask=mask)


def _keys(kind: Kind, texts: list[str]) -> Values:
    """Return keys, which JSON makes texts, as values of their type come elsewhere."""
    readers: dict[str, Callable[[str], Any]] = {
        **dict.fromkeys(("tinyint", "smallint", "integer", "int", "bigint"), int),
        **dict.fromkeys(("real", "double"), float),
        "boolean": {"true": True, "false": False}.__getitem__,
    }
    reader = readers.get(kind.name)
    return texts if reader is None else [reader(text) for text in texts]


def _rows(kind: Kind, values: Values, zones: Zones) -> pa.Array:
    import pyarrow as pa

    wanted = arrow_type(kind)
    blank = (None,) * len(kind.children)
    rows = [blank if v is None else v for v in values]
    columns = list(zip(*rows, strict=True)) or [()] * len(blank)
    children = [
        _decode(child, column, zones)
        for (_, child), column in zip(kind.children, columns, strict=True)
    ]
    mask = pa.array([v is None for v in values], pa.bool_())
    return pa.StructArray.from_arrays(children, fields=list(wanted), mask=mask)


def _spans(values: Values) -> tuple[pa.Array, pa.Array | None]:
    """Return the offsets of lists in their flat values, and which of them are null."""
    import numpy as np
    import pyarrow as pa

    sizes = np.fromiter((0 if v is None else len(v) for v in values), np.int64, len(values))
    offsets = np.concatenate([[0], np.cumsum(sizes)])
    if offsets[-1] > np.iinfo(np.int32).max:
        raise ResultError("A page has more than 2^31 nested values")
    mask = pa.array([v is None for v in values], pa.bool_())
    return pa.array(offsets.astype(np.int32)), mask


_READERS: dict[str, Callable[[Kind, Values, Zones], pa.Array]] = {
    **dict.fromkeys(BYTES, _bytes),
    "double": lambda _, values, __: _doubles(values),
    "real": lambda _, values, __: _reals(_doubles(values)),
    "decimal": _decimals,
    "date": lambda _, values, __: instants.dates(values),
    "time": lambda kind, values, _: instants.times(values, kind),
    "timestamp": lambda kind, values, _: instants.timestamps(values, kind),
    "timestamp with time zone": lambda kind, values, zones: instants.zoned(values, kind, zones),
    "interval year to month": _year_months,
    "interval day to second": _day_seconds,
    "array": _lists,
    "map": _maps,
    "row": _rows,
}
