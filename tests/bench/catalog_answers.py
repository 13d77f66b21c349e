"""Answers about a large catalog, in the shape that those of HiveServer2 and Trino have."""

from __future__ import annotations

import struct
from typing import Any

STOP, I32, STRING, STRUCT, LIST = 0, 8, 11, 12, 15
_REPLY = 0x80010002
_STRING_TYPE = 7  # of TTypeId
_SCHEMAS = ("TABLE_SCHEM", "TABLE_CATALOG")
_TABLES = ("TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME", "TABLE_TYPE", "REMARKS")
_FIRST_ROWS = 1000  # as our client asks


def name_of(number: int) -> str:
    """Return the name of a table."""
    return f"t_{number:05}_of_the_warehouse"


# -- Trino --------------------------------------------------------------------------------


def presto_pages(sql: str, tables: int) -> list[dict[str, Any]]:
    """Return the pages that follow a statement of the catalog."""
    if sql.startswith("SHOW CATALOGS"):
        return _pages(["Catalog"], [["hive"], ["system"]])
    if sql.startswith("SHOW SCHEMAS"):
        return _pages(["Schema"], [["big"], ["information_schema"]])
    if "information_schema.tables" in sql:
        rows = [[name_of(n), "BASE TABLE"] for n in range(tables)]
        return _pages(["table_name", "table_type"], rows)
    return _pages(["_col0"], [["1"]])


def _pages(names: list[str], rows: list[list[str]]) -> list[dict[str, Any]]:
    columns = [{"name": name, "type": "varchar"} for name in names]
    return [
        {"columns": columns},
        {"columns": columns, "data": rows},
        {"columns": columns, "stats": {"state": "FINISHED"}},
    ]


# -- HiveServer2 --------------------------------------------------------------------------


def hive_answers(tables: int, opened: bytes, closed: bytes) -> dict[str, list[bytes | None]]:
    """Return what each call of a listing is answered, in order: schemas, then their tables."""
    schemas = [["big", ""], ["default", ""]]
    names = [["", "big", name_of(n), "TABLE", ""] for n in range(tables)]
    rows = [
        *(schemas, []),
        *(names[:_FIRST_ROWS], names[_FIRST_ROWS:], []),
    ]
    widths = [*[len(_SCHEMAS)] * 2, *[len(_TABLES)] * 3]
    return {
        "OpenSession": [opened],
        "CloseOperation": [closed],
        "GetSchemas": [_reply("GetSchemas", _operation())],
        "GetTables": [_reply("GetTables", _operation())],
        "GetResultSetMetadata": [_schema(_SCHEMAS), _schema(_TABLES)],
        "FetchResults": [_rows(part, width) for part, width in zip(rows, widths, strict=True)],
    }


def _reply(name: str, *fields: bytes) -> bytes:
    told = name.encode()
    head = struct.pack(">II", _REPLY, len(told)) + told + struct.pack(">i", 0)
    status = _field(1, STRUCT, _struct(_field(1, I32, struct.pack(">i", 0))))
    return head + _struct(_field(0, STRUCT, _struct(status, *fields)))


def _field(number: int, kind: int, value: bytes) -> bytes:
    return struct.pack(">bh", kind, number) + value


def _struct(*fields: bytes) -> bytes:
    return b"".join(fields) + bytes([STOP])


def _text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return struct.pack(">i", len(data)) + data


def _list(kind: int, values: list[bytes]) -> bytes:
    return struct.pack(">bi", kind, len(values)) + b"".join(values)


def _operation() -> bytes:
    handle = _struct(_field(1, STRING, _text(b"o" * 16)), _field(2, STRING, _text(b"s" * 16)))
    kind, rows = _field(2, I32, struct.pack(">i", 4)), _field(3, 2, b"\1")
    return _field(2, STRUCT, _struct(_field(1, STRUCT, handle), kind, rows))


def _schema(names: tuple[str, ...]) -> bytes:
    primitive = _struct(_field(1, I32, struct.pack(">i", _STRING_TYPE)))
    entry = _struct(_field(1, STRUCT, primitive))
    described = _struct(_field(1, LIST, _list(STRUCT, [entry])))
    columns = [
        _struct(_field(1, STRING, _text(name)), _field(2, STRUCT, described),
                _field(3, I32, struct.pack(">i", at + 1)))
        for at, name in enumerate(names)
    ]  # fmt: skip
    table = _struct(_field(1, LIST, _list(STRUCT, columns)))
    return _reply("GetResultSetMetadata", _field(2, STRUCT, table))


def _rows(rows: list[list[str]], width: int) -> bytes:
    columns = []
    for at in range(width):
        values = _list(STRING, [_text(row[at]) for row in rows])
        told = _struct(_field(1, LIST, values), _field(2, STRING, _text(b"")))
        columns.append(_struct(_field(7, STRUCT, told)))
    found = _struct(
        _field(1, 10, struct.pack(">q", 0)),
        _field(2, LIST, _list(STRUCT, [])),
        _field(3, LIST, _list(STRUCT, columns)),
    )
    return _reply("FetchResults", _field(3, STRUCT, found))
