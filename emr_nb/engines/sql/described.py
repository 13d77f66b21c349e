"""What DESCRIBE FORMATTED (Hive, Spark) and SHOW CREATE TABLE (Trino, Presto) tell of a table."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.literals import identifier, inside

# facts by the words that Hive and Spark have for them
_WORDS = {
    "kind": ("table type", "type"),
    "location": ("location",),
    "format": ("provider", "inputformat"),
    "serde": ("serde library",),
    "owner": ("owner",),
    "created": ("createtime", "created time"),
    "rows": ("numrows",),
    "bytes": ("totalsize",),
    "files": ("numfiles",),
    "statistics": ("statistics",),
    "query": ("original query", "view original text", "view text"),
}
_KINDS = {
    "managed_table": "table, managed",
    "managed": "table, managed",
    "external_table": "table, external",
    "external": "table, external",
    "virtual_view": "view",
    "materialized_view": "materialized view",
}
_FORMATS = ("Parquet", "ORC", "Avro", "RCFile", "SequenceFile", "Json", "CSV", "Iceberg", "HBase")
_SHOWN = {"Json": "JSON"}
_WITH = re.compile(r"(\w+)\s*=\s*(ARRAY\[[^\]]*\]|'(?:[^']|'')*')")


def told_of(rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """Return the facts in the rows of DESCRIBE FORMATTED, by our names for them."""
    found: dict[str, str] = {}
    facts = False  # before them stand the columns, which may be called as facts are
    for row in rows:
        cells = [str(cell or "").strip() for cell in row]
        head = cells[0].lower()
        if head.startswith("# partition"):
            found["partitioned"] = "yes"
        facts = facts or (head.startswith("# ") and head.endswith(" information")
                          and "partition info" not in head)  # fmt: skip
        if not facts:
            continue
        # parameters stand in Hive's second and third column
        key, value = (cells[1], cells[2]) if not cells[0] and len(cells) > 2 else (
            cells[0], cells[1] if len(cells) > 1 else "")  # fmt: skip
        word = key.rstrip(":").strip().lower()
        for fact, words in _WORDS.items():
            if word in words and value and fact not in found:
                found[fact] = value
    return found


def kind_of(told: Mapping[str, str]) -> str:
    """Return in words what a table is."""
    kind = told.get("kind", "")
    return _KINDS.get(kind.lower(), kind.lower())


def format_of(told: Mapping[str, str]) -> str:
    """Return the format of a table's files, by the classes that read them."""
    classes = f"{told.get('serde', '')} {told.get('format', '')}"
    for name in _FORMATS:
        if name.lower() in classes.lower():
            return _SHOWN.get(name, name)
    last = classes.strip().rpartition(" ")[2].rpartition(".")[2]
    return "text" if last in ("TextInputFormat", "LazySimpleSerDe") else last


def made_with(create: str) -> dict[str, str]:
    """Return the properties in the WITH of a CREATE TABLE or SCHEMA of Trino or Presto."""
    _, _, tail = create.rpartition("WITH (")
    return {
        key.lower(): value[1:-1].replace("''", "'") if value.startswith("'") else value
        for key, value in _WITH.findall(tail)
    }


def names_in_array(text: str) -> list[str]:
    """Return the texts of `ARRAY['a','b']`."""
    return [name.replace("''", "'") for name in re.findall(r"'((?:[^']|'')*)'", text)]


def partition_spec(segments: Sequence[str], rules: Lexicon) -> str:
    """Return `p='x', q='y'` for the folders `p=x/q=y`, whose names Hive escapes with %."""
    pairs = [unquote(segment).partition("=") for segment in segments]
    return ", ".join(
        f"{identifier(key, 'partition', rules)}='{inside(value, 'partition', rules, chr(39))}'"
        for key, _, value in pairs
    )
