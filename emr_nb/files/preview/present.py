"""First rows that can be shown: what hostile or odd bytes made of a column is told, not raised.

A day of the year 40,000, a time zone that nobody knows, a text that is no UTF-8, a list of a
thousand million nulls: Arrow holds them all, and a page would fail on each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.damage import first_line

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_VALUES = 200_000  # of one column


def presentable(table: pa.Table) -> tuple[pa.Table, list[str]]:
    """Return the rows with each column as it can be shown, and notes on those changed."""
    import pyarrow as pa

    columns, fields, notes = [], [], []
    for field, column in zip(table.schema, table.columns, strict=True):
        shown, note = _shown(field.name, column)
        notes += [note] * bool(note)
        if shown is not None:
            columns.append(shown)
            fields.append(field if shown.type == field.type else field.with_type(shown.type))
    if not notes:
        return table, []
    return pa.Table.from_arrays(columns, schema=pa.schema(fields)), notes


def _shown(name: str, column: pa.ChunkedArray) -> tuple[pa.ChunkedArray | None, str]:
    problem = _problem(column)
    if not problem:
        return column, ""
    for other, word in _others(column.type):
        try:
            plain = column.cast(other, safe=False)
        except Exception:  # noqa: BLE001, S112 -- pyarrow has an error of its own for each
            continue
        if not _problem(plain):
            return plain, f"Column {name!r} shows as {word}: {problem}."
    return None, f"Column {name!r} is not among the first rows: {problem}."


def _problem(column: pa.ChunkedArray) -> str:
    """Return why a column cannot be shown; nothing where it can."""
    import pyarrow.compute as pc
    from pyarrow import types

    try:
        column.validate(full=True)
        if not all(_is_small(chunk) for chunk in column.chunks):
            return f"its first rows have more than {_MOST_VALUES:,} values"
        if types.is_timestamp(column.type):
            pc.strftime(column)
        column.to_pylist()
    except Exception as error:  # noqa: BLE001 -- validation, conversion and Python have theirs
        return first_line(error).rstrip(".")
    return ""


def _others(type_: pa.DataType) -> list[tuple[pa.DataType, str]]:
    """Return types that a column may show as instead."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_string(type_) or types.is_string_view(type_):
        return [(pa.binary(), "bytes")]
    if types.is_large_string(type_):
        return [(pa.large_binary(), "bytes")]
    if types.is_timestamp(type_):
        plain = [(pa.timestamp(type_.unit), "times of UTC without a zone")] if type_.tz else []
        return [*plain, (pa.int64(), f"numbers of {type_.unit} since 1970")]
    if types.is_date32(type_):
        return [(pa.int32(), "numbers of days since 1970")]
    if types.is_temporal(type_):
        return [(pa.int64(), "numbers"), (pa.int32(), "numbers")]
    return []


def _is_small(array: Any, most: int = _MOST_VALUES) -> bool:
    """Tell whether nested values are few enough to be written out."""
    import pyarrow.compute as pc
    from pyarrow import types

    type_ = array.type
    if len(array) > most:
        return False
    if types.is_struct(type_):
        return all(_is_small(array.field(n), most) for n in range(type_.num_fields))
    if types.is_fixed_size_list(type_):
        return len(array) * type_.list_size <= most and _is_small(array.flatten(), most)
    if types.is_map(type_):
        if not len(array):
            return True
        first, last = (array.offsets[n].as_py() for n in (0, -1))
        pairs = (child.slice(first, last - first) for child in (array.keys, array.items))
        return all(_is_small(child, most) for child in pairs)
    if types.is_nested(type_) and hasattr(array, "flatten") and not types.is_union(type_):
        total = pc.sum(pc.list_value_length(array)).as_py() or 0
        return total <= most and _is_small(array.flatten(), most)
    return True
