"""A pandas frame as Arrow, slice by slice: never a second copy of it as a whole.

A column's type comes from its dtype; a column of Python objects is looked through once, since
Arrow would turn some mixtures into one type without a word.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emr_nb.errors import UsageError
from emr_nb.results.outgoing import Source

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

_SLICE = 128 * 1024  # rows


def pandas_source(frame: pd.DataFrame, name: str) -> Source:
    """Return the columns of a frame, those of a named index first; raises UsageError."""
    import pyarrow as pa

    notices: list[str] = []
    series = [*_index(frame, notices), *_columns(frame, name, notices)]
    kinds = [_type_of(one, label, name) for label, one in series]
    fields = [pa.field(label, kind) for (label, _), kind in zip(series, kinds, strict=True)]
    schema = pa.schema(fields)
    missing = [label for label, one in series if _has_nan(one)]
    if missing:
        listed = ", ".join(repr(label) for label in missing[:5]) + " …" * (len(missing) > 5)
        notices.append(
            f"NaN in {listed} became null: pandas has no other null there. To keep NaN, send "
            "Float64 or Arrow columns."
        )
    rows = len(frame)

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, rows, _SLICE):
            arrays = [
                _array(one.iloc[start : start + _SLICE], kind, label, name)
                for (label, one), kind in zip(series, kinds, strict=True)
            ]
            if arrays:
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return Source(schema, rows, batches, tuple(notices))


def _index(frame: pd.DataFrame, notices: list[str]) -> list[tuple[str, Any]]:
    """Return the levels of an index that has names; one without is left out, and it is said."""
    import pandas as pd

    index = frame.index
    if all(level is None for level in index.names):
        if not isinstance(index, pd.RangeIndex):
            notices.append(
                "The index has no name and was left out; name it, or use reset_index(), to send it."
            )
        return []
    found = [
        (f"level_{at}" if level is None else str(level), index.get_level_values(at).to_series())
        for at, level in enumerate(index.names)
    ]
    notices.append(f"The index became {', '.join(repr(label) for label, _ in found)}.")
    return found


def _columns(frame: pd.DataFrame, name: str, notices: list[str]) -> list[tuple[str, Any]]:
    if frame.columns.nlevels > 1:
        raise UsageError(
            f"{name}: its columns have {frame.columns.nlevels} levels of names",
            advice='Give each one name, e.g. df.columns = ["_".join(map(str, c)) for c in df].',
        )
    labels = list(frame.columns)
    if any(not isinstance(label, str) for label in labels):
        notices.append("Labels of columns that are no texts were sent as their texts.")
    return [(str(label), frame.iloc[:, at]) for at, label in enumerate(labels)]


def _has_nan(series: pd.Series) -> bool:
    import numpy as np

    dtype = series.dtype
    return isinstance(dtype, np.dtype) and dtype.kind == "f" and bool(series.isna().any())


def _type_of(series: pd.Series, label: str, name: str) -> pa.DataType:
    import pyarrow as pa

    from emr_nb.results.outgoing_objects import MixedError, type_of_objects

    try:
        if series.dtype == object:
            return type_of_objects(series.to_numpy())
        return pa.array(series.iloc[:0], from_pandas=True).type
    except (pa.ArrowException, MixedError, TypeError, OverflowError) as error:
        raise _unsendable(series, label, name, error) from error


def _unsendable(series: pd.Series, label: str, name: str, error: Exception) -> UsageError:
    return UsageError(
        f"{name}: column {label!r} ({series.dtype}) cannot be sent: {error}",
        advice="Nothing is there now. Convert the column to one type, then push it again.",
    )


def _array(series: pd.Series, kind: pa.DataType, label: str, name: str) -> pa.Array:
    import pyarrow as pa

    try:
        if series.dtype == object:
            made = pa.array(series.to_numpy(), type=kind, from_pandas=True)
        else:
            made = pa.array(series, from_pandas=True)
        if isinstance(made, pa.ChunkedArray):
            made = made.combine_chunks()
        return made if made.type.equals(kind) else made.cast(kind)
    except (pa.ArrowException, TypeError, OverflowError) as error:
        raise _unsendable(series, label, name, error) from error
