"""Livy's %json, %table and %matplot for Python. Parses as Python 3.7.

Two slips of Livy's are kept: a failure reply of a magic becomes the *data* of an ok answer, and
what a magic raises ends the interpreter.
"""

import base64
import datetime as dt
import decimal
import io
import sys
from collections.abc import Iterable
from typing import Any

from livy_answers import failed


def _failed_magic() -> "dict[str, Any]":
    kind, value, _ = sys.exc_info()
    return failed(kind, value, None)


def _magic_json(names: "dict[str, Any]", name: str) -> "dict[str, Any]":
    try:
        value = names[name]
    except KeyError:
        return _failed_magic()
    return {"application/json": value}


def _magic_matplot(names: "dict[str, Any]", name: str) -> "dict[str, Any]":
    try:
        buffer = io.BytesIO()
        names[name].gcf().savefig(buffer, format="png")
        image = base64.b64encode(buffer.getvalue()).decode()
    except BaseException:  # noqa: BLE001 - whatever matplotlib raises
        return _failed_magic()
    return {"image/png": image, "text/plain": ""}


def _magic_table(names: "dict[str, Any]", name: str) -> "dict[str, Any]":
    try:
        rows = names[name]
    except KeyError:
        return _failed_magic()
    headers = {}
    data = []
    for row in rows if isinstance(rows, (list, tuple)) else [rows]:
        cells = []
        data.append(cells)
        for column, value in _columns_of(row):
            kind, cell = _table_cell(value)
            header = headers.setdefault(column, {"name": str(column), "type": kind})
            if kind not in ("NULL_TYPE", header["type"]):
                if header["type"] != "NULL_TYPE":
                    return failed(Exception, "table rows have different types", None)
                header["type"] = kind
            cells.append(cell)
    ordered = [header for _, header in sorted(headers.items())]
    return {"application/vnd.livy.table.v1+json": {"headers": ordered, "data": data}}


def _columns_of(row: Any) -> "Iterable[tuple[Any, Any]]":
    if row.__class__.__name__ == "Row":
        row = row.asDict()
    if isinstance(row, dict):
        return sorted(row.items())
    return enumerate(row if isinstance(row, (list, tuple)) else [row])


def _table_cell(value: Any) -> "tuple[str, Any]":
    return TABLE_TYPES.get(type(value), TABLE_TYPES[str])(value)


def _table_array(items: "Iterable[Any]") -> "tuple[str, Any]":
    kinds, cells = set(), []
    for item in items:
        kind, cell = _table_cell(item)
        kinds.add(kind)
        if len(kinds) > 1:
            raise ValueError("value has inconsistent types")
        cells.append(cell)
    return "ARRAY_TYPE", cells


def _table_map(mapping: "Iterable[Any]") -> "tuple[str, Any]":
    last = None
    cells = {}
    for key, value in mapping:  # over the keys alone, so most maps raise: Livy's own slip
        kind, cell = _table_cell(value)
        if cells and kind != last:
            raise ValueError("value has inconsistent types")
        last = kind
        cells[_table_cell(key)[1]] = cell
    return "MAP_TYPE", cells


TABLE_TYPES = {
    type(None): lambda v: ("NULL_TYPE", v),
    bool: lambda v: ("BOOLEAN_TYPE", v),
    int: lambda v: ("INT_TYPE", v),
    float: lambda v: ("DOUBLE_TYPE", v),
    str: lambda v: ("STRING_TYPE", str(v)),
    dt.date: lambda v: ("DATE_TYPE", str(v)),
    dt.datetime: lambda v: ("TIMESTAMP_TYPE", str(v)),
    decimal.Decimal: lambda v: ("DECIMAL_TYPE", str(v)),
    tuple: _table_array,
    list: _table_array,
    dict: _table_map,
}
MAGICS = {"table": _magic_table, "json": _magic_json, "matplot": _magic_matplot}
