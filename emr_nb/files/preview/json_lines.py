"""JSON lines: each line an object; types are those of the values, and mixed ones stay JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview.body import Body
from emr_nb.files.preview.lines import Text
from emr_nb.files.preview.model import Options

if TYPE_CHECKING:
    import pyarrow as pa

_DEEP = 12
_WIDE = 1000
_EXACT = 2**53


class _Parser:
    """Parses objects; remembers whether one had two values of one name."""

    def __init__(self) -> None:
        self.doubled = False

    def parse(self, text: str) -> Any:
        return json.loads(text, object_pairs_hook=self._pairs)

    def _pairs(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        self.doubled = self.doubled or len(made) < len(pairs)
        return made


def looks_so(text: Text) -> bool:
    """Tell whether the first lines are JSON objects."""
    lines = [line for line in text.lines()[:5] if line.strip()]
    return bool(lines) and all(_object(line) is not None for line in lines)


def _object(line: str) -> dict[str, Any] | None:
    if not line.lstrip().startswith("{"):
        return None
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def read(text: Text, options: Options) -> Body:
    """Return the first objects as a table."""
    parser = _Parser()
    rows: list[dict[str, Any]] = []
    bad: list[int] = []
    lines = text.lines()
    many = 0
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        many += 1
        if len(rows) >= options.rows:
            if not text.whole:
                break
            continue
        try:
            found = parser.parse(line)
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict):
            rows.append(found)
        else:
            bad.append(number)
    notes = [*text.notes]
    if bad:
        notes.append(f"Line {bad[0]:,} is no JSON object; {len(bad):,} such are left out.")
    if parser.doubled:
        notes.append("An object has two values of one name: the last one shows.")
    total = many if text.whole and not bad else None
    return as_table("JSON lines", rows, total, notes)


def document(text: Text, options: Options) -> Body | None:
    """Return an array of objects that is one whole document; None for anything else."""
    if not text.whole or not text.text.lstrip().startswith("["):
        return None
    try:
        found = json.loads(text.text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        return None
    return as_table("JSON array", found[: options.rows], len(found), list(text.notes))


def as_table(
    format_: str, rows: Sequence[dict[str, Any]], total: int | None, notes: list[str]
) -> Body:
    """Make a table of objects."""
    import pyarrow as pa

    names = list(dict.fromkeys(name for row in rows for name in row))
    if len(names) > _WIDE:
        notes.append(f"The first {_WIDE:,} of {len(names):,} names are columns.")
        names = names[:_WIDE]
    fields, columns = [], []
    for name in names:
        values = [row.get(name) for row in rows]
        type_ = _type(values)
        if type_ is None:
            type_ = pa.string()
            values = [None if v is None else json.dumps(v, ensure_ascii=False) for v in values]
            notes.append(f"Column {name!r} holds values of several kinds: they show as JSON.")
        fields.append(pa.field(_valid(name), type_))
        columns.append(pa.array(_cleaned(values), type_))
    schema = pa.schema(fields)
    if rows:
        notes.append("Types are those of the rows that are shown; later rows may have others.")
    table = pa.Table.from_arrays(columns, schema=schema) if names else schema.empty_table()
    return Body(format_, schema, table, total, notes=tuple(notes))


def _type(values: Sequence[Any], depth: int = 0) -> pa.DataType | None:
    """Return the one Arrow type that keeps all values; None where there is none."""
    import pyarrow as pa

    kinds = {type(v) for v in values if v is not None}
    if not kinds:
        return pa.null()
    if depth > _DEEP:
        return None
    if kinds == {bool}:
        return pa.bool_()
    if kinds == {int}:
        wide = any(not -(2**63) <= v < 2**63 for v in values if v is not None)
        return None if wide else pa.int64()
    if kinds <= {int, float}:
        lossy = any(isinstance(v, int) and abs(v) > _EXACT for v in values)
        return None if lossy else pa.float64()
    if kinds == {str}:
        return pa.string()
    if kinds == {list}:
        inner = _type([one for v in values if v is not None for one in v], depth + 1)
        return None if inner is None else pa.list_(inner)
    if kinds == {dict}:
        return _struct([v for v in values if v is not None], depth)
    return None


def _struct(values: Sequence[dict[str, Any]], depth: int) -> pa.DataType | None:
    import pyarrow as pa

    names = list(dict.fromkeys(name for v in values for name in v))
    if len(names) > _WIDE:
        return None
    types = [_type([v.get(name) for v in values], depth + 1) for name in names]
    if any(t is None for t in types) or any(_valid(n) != n for n in names):
        return None
    return pa.struct([pa.field(n, t) for n, t in zip(names, types, strict=True)])


def _valid(text: str) -> str:
    """Return a text that UTF-8 can write: JSON may escape half a character."""
    return text.encode("utf-8", "backslashreplace").decode()


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return _valid(value)
    if isinstance(value, list):
        return [_cleaned(v) for v in value]
    if isinstance(value, dict):
        return {k: _cleaned(v) for k, v in value.items()}
    return value
