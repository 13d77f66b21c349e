"""Arrow to pandas without loss: NumPy dtypes where they can hold every value, else richer ones.

`type_table.TYPES` says which, type by type. Works with pandas 2.2 and 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from emr_nb.results.result import Result

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SMALLEST = -(2**63)  # what NumPy's datetimes and timedeltas read as NaT


class PandasResult(NamedTuple):
    """A DataFrame and what had to be said about it."""

    frame: pd.DataFrame
    notices: tuple[str, ...]


def to_pandas(result: Result, decimal: str = "exact") -> PandasResult:
    """Return the result as a DataFrame with lossless dtypes.

    `decimal` is `exact` (ArrowDtype) or `float` (float64: digits beyond the 15th are lost).
    """
    import pandas as pd

    if decimal not in {"exact", "float"}:
        raise ValueError(f"decimal is 'exact' or 'float', not {decimal!r}")
    names, notices = unique_names([field.name for field in result.table.schema])
    series = {
        at: _series(column, decimal == "float") for at, column in enumerate(result.table.columns)
    }
    frame = pd.DataFrame(series, index=pd.RangeIndex(len(result)), columns=range(len(names)))
    frame.columns = pd.Index(names, dtype=object if "" in names or not names else None)
    return PandasResult(frame, notices)


def unique_names(names: Sequence[str]) -> tuple[list[str], tuple[str, ...]]:
    """Return names for pandas: a repeated `a` becomes `a_1`, never one that is there already."""
    taken, made, renamed = set(names), [], []
    seen: set[str] = set()
    for name in names:
        new, count = name, 0
        while new in seen or (count and new in taken):
            count += 1
            new = f"{name}_{count}"
        if new != name:
            renamed.append(f"{name!r} → {new!r}")
        seen.add(new)
        made.append(new)
    if not renamed:
        return made, ()
    told = ", ".join(renamed[:10]) + (f" and {len(renamed) - 10} more" if renamed[10:] else "")
    return made, (f"Columns of the same name were renamed for pandas: {told}",)


def _series(column: pa.ChunkedArray, float_decimals: bool) -> Any:
    import pyarrow as pa

    kind, types = column.type, pa.types
    if types.is_boolean(kind) or types.is_integer(kind):
        return _masked(column) if column.null_count else column.to_pandas()
    if types.is_floating(kind):
        return _arrow(column) if column.null_count and _has_nan(column) else column.to_pandas()
    if types.is_decimal(kind):
        return column.cast(pa.float64()).to_pandas() if float_decimals else _arrow(column)
    if types.is_date(kind) or types.is_time(kind):
        return _arrow(column)
    if types.is_timestamp(kind) or types.is_duration(kind):
        return _temporal(column)
    if types.is_nested(kind) or types.is_null(kind) or types.is_binary(kind):
        return _objects(column)
    if kind == pa.month_day_nano_interval():
        return _objects(column)
    return column.to_pandas()


def _arrow(column: pa.ChunkedArray) -> Any:
    import pandas as pd

    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def _masked(column: pa.ChunkedArray) -> Any:
    import pandas as pd
    import pyarrow as pa

    kind = column.type
    name = "boolean" if pa.types.is_boolean(kind) else str(kind).replace("int", "Int")
    return pd.Series(pd.api.types.pandas_dtype(name).__from_arrow__(column))  # type: ignore[union-attr]


def _has_nan(column: pa.ChunkedArray) -> bool:
    import pyarrow.compute as pc

    return bool(pc.any(pc.is_nan(column)).as_py())


def _temporal(column: pa.ChunkedArray) -> Any:
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    ticks = pa.chunked_array([chunk.view(pa.int64()) for chunk in column.chunks], pa.int64())
    if len(ticks) and pc.min(ticks).as_py() == _SMALLEST:
        return _arrow(column)  # this one instant is NumPy's NaT
    values = ticks.fill_null(_SMALLEST).to_numpy()
    unit, zone = column.type.unit, getattr(column.type, "tz", None)
    prefix = "m8" if pa.types.is_duration(column.type) else "M8"
    series = pd.Series(values.view(f"{prefix}[{unit}]"))
    return series.dt.tz_localize("UTC").dt.tz_convert(zone) if zone else series


def _objects(column: pa.ChunkedArray) -> Any:
    import numpy as np
    import pandas as pd

    values = np.empty(len(column), dtype=object)
    values[:] = _Cells(python_values(column))
    return pd.Series(values, dtype=object)


class _Cells(list[Any]):
    """A list whose items NumPy must not look into."""


def python_values(column: pa.ChunkedArray | pa.Array) -> list[Any]:
    """Return nested values as Python objects: lists, dicts, maps as lists of pairs.

    A struct with two fields of one name becomes a list of (name, value) pairs. A date or
    timestamp that Python cannot hold (years beyond 9999) becomes a numpy.datetime64.
    """
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in python_values(chunk)]
    kind, types = column.type, pa.types
    if types.is_struct(kind):
        return _structs(column)
    if types.is_map(kind):
        return _maps(column)
    if types.is_list(kind):
        items, spans = python_values(column.values), _spans(column)
        return [None if span is None else items[span[0] : span[1]] for span in spans]
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):
        if not types.is_temporal(kind):
            raise
        unit = "D" if types.is_date(kind) else kind.unit
        stored = column.view(pa.int32() if types.is_date32(kind) else pa.int64()).to_pylist()
        return [None if value is None else _instant(value, unit, kind) for value in stored]


def _instant(value: int, unit: str, kind: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    made = np.timedelta64 if pa.types.is_duration(kind) else np.datetime64
    return made(value, unit)  # type: ignore[call-overload]


def _spans(column: Any) -> list[tuple[int, int] | None]:
    offsets, valid = column.offsets.to_pylist(), column.is_valid().to_pylist()
    return [
        (start, end) if there else None
        for start, end, there in zip(offsets, offsets[1:], valid, strict=False)
    ]


def _structs(column: Any) -> list[Any]:
    names = [field.name for field in column.type]
    children = [python_values(column.field(at)) for at in range(len(names))]
    rows = list(zip(*children, strict=True)) if children else [()] * len(column)
    make = dict if len(set(names)) == len(names) else list
    return [
        make(zip(names, row, strict=True)) if there else None
        for row, there in zip(rows, column.is_valid().to_pylist(), strict=True)
    ]


def _maps(column: Any) -> list[Any]:
    keys, items = python_values(column.keys), python_values(column.items)
    pairs = list(zip(keys, items, strict=True))
    return [None if span is None else pairs[span[0] : span[1]] for span in _spans(column)]
