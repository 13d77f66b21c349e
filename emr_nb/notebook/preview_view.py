"""A preview on the page: one line, the schema, row groups or snapshots, the first rows."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

from emr_nb.files.preview import Group, Preview, Snapshot
from emr_nb.model import Column
from emr_nb.notebook.answers import Field, Records
from emr_nb.notebook.look import ANSWER_STYLE, count, moment, plural, printable, size
from emr_nb.results.result import Result
from emr_nb.results.static_table import html_table, text_table
from emr_nb.results.table import view

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from emr_nb.notebook.state import Notebook

_COLUMNS = 200
_GROUPS = 10
_LONG = 40


@dataclass(frozen=True, slots=True)
class Described:
    """A column of the schema with what all row groups together tell of it."""

    name: str
    type: str
    nulls: int | None = None
    least: Any = None
    greatest: Any = None


class PreviewAnswer:
    """What `%emr preview` answers; `preview` has all of it, `rows` the first rows in Arrow."""

    def __init__(self, notebook: Notebook, preview: Preview) -> None:
        self._notebook = notebook
        self.preview = preview

    @property
    def rows(self) -> pa.Table:
        """The first rows."""
        return self.preview.rows

    @property
    def schema(self) -> pa.Schema:
        return self.preview.schema

    def pandas(self) -> pd.DataFrame:
        """Return the first rows as a DataFrame, with the types of a result."""
        return self._result().to_pandas()

    def __repr__(self) -> str:
        parts = [self.head(), *(repr(records) for _, records, _ in self._records())]
        if self._has_rows:
            parts.append(text_table(self._table()))
        return "\n\n".join([*parts, *filter(None, ["\n".join(map(printable, self._notes()))])])

    def _repr_html_(self) -> str:
        table = html_table(self._table()) if self._has_rows else ""
        return self._above() + table + self._below()

    def _ipython_display_(self) -> None:
        """Show what is told of the file, then the rows as the table that cells have."""
        from emr_nb.notebook.deliver import result_bundle

        screen = self._notebook.screen
        if not screen.updates or not self._has_rows:
            screen.show({"text/plain": repr(self), "text/html": self._repr_html_()})
            return
        parts = [self.head(), *(repr(records) for _, records, _ in self._records())]
        parts += map(printable, self._notes())
        screen.show({"text/plain": "\n\n".join(parts), "text/html": self._above() + self._below()})
        screen.show(result_bundle(self._notebook, self._result(), self._cut()))

    # -- parts ----------------------------------------------------------------------------

    def head(self) -> str:
        """Return the first line: path, format, rows, size, and what was read."""
        p = self.preview
        facts = [p.format + (f" ({p.compression})" if p.compression else "")]
        if p.image is not None:
            facts.append(f"{p.image.width:,} × {p.image.height:,} pixels")
        elif p.total_rows is not None and not p.format.startswith("binary"):
            facts.append(plural(p.total_rows, "row"))
        if p.files != 1 or p.unit == "file":
            facts.append(plural(p.files, "file"))
        facts.append(size(p.size))
        if p.groups and p.unit != "file":
            more = "" if p.total_rows is not None else " seen"
            unit = p.unit if len(p.groups) == 1 else _several(p.unit)
            facts.append(f"{count(len(p.groups))} {unit}{more}")
        facts.append(f"{size(p.read)} read")
        return f"{printable(str(p.path))}: {printable(' · '.join(facts))}"

    def _records(self) -> list[tuple[str, Records[Any], int]]:
        p = self.preview
        found: list[tuple[str, Records[Any], int]] = []
        if len(p.schema):
            found.append(("schema", schema_records(p), len(p.schema)))
        if p.snapshots:
            found.append(("snapshots", _snapshots(p.snapshots), len(p.snapshots)))
        if p.groups and (len(p.groups) > 1 or p.unit != "file"):
            found.append((_several(p.unit), _groups(p.groups, p.unit), len(p.groups)))
        return found

    def _notes(self) -> list[str]:
        return [*map(str, self.preview.differences), *self.preview.notes]

    def _above(self) -> str:
        parts = [f"<p style='opacity:1'>{escape(self.head())}</p>"]
        for title, records, total in self._records():
            unfolded = " open" if title in ("schema", "snapshots") else ""
            parts.append(
                f"<details{unfolded}><summary>{escape(title)} ({total:,})</summary>"
                f"{records._repr_html_()}</details>"
            )
        return f"{ANSWER_STYLE}<div class='emr-nb-a'>{''.join(parts)}{self._picture()}</div>"

    def _picture(self) -> str:
        image = self.preview.image
        if image is None or image.data is None:
            return ""
        data = base64.b64encode(image.data).decode()
        return (
            f"<img src='data:{image.mime};base64,{data}' alt='' "
            "style='max-width:480px;max-height:480px'>"
        )

    def _below(self) -> str:
        if not self._notes():
            return ""
        lines = "".join(f"<p>{escape(printable(note))}</p>" for note in self._notes())
        return f"{ANSWER_STYLE}<div class='emr-nb-a'>{lines}</div>"

    @property
    def _has_rows(self) -> bool:
        return bool(self.preview.rows.num_columns)

    def _result(self) -> Result:
        rows = self.preview.rows
        columns = tuple(Column(f.name, str(f.type), f.nullable) for f in rows.schema)
        return Result(rows, columns, truncated=not self.preview.whole)

    def _cut(self) -> tuple[str, ...]:
        return () if self.preview.whole else ("The first rows; -n ROWS shows more or fewer.",)

    def _table(self) -> Any:
        most = self._notebook.settings.saved_rows
        return view(self._result(), saved_rows=most, notices=self._cut())


def schema_records(preview: Preview) -> Records[Described]:
    """Return the schema, with statistics where footers tell them of all row groups."""
    told = _together(preview)
    items = [told.get(f.name) or Described(f.name, str(f.type)) for f in preview.schema]
    fields = [
        Field[Described]("name", lambda d: d.name, _short),
        Field[Described]("type", lambda d: d.type, _type),
    ]
    if told:
        fields += [
            Field[Described]("nulls", lambda d: d.nulls, _counted, right=True),
            Field[Described]("least", lambda d: d.least, _written),
            Field[Described]("greatest", lambda d: d.greatest, _written),
        ]
    return Records(items, fields, shown=_COLUMNS)


def _together(preview: Preview) -> dict[str, Described]:
    """Return the statistics of columns that are not nested, over all row groups."""
    groups = preview.groups
    if not groups or not all(group.columns for group in groups):
        return {}
    types = {f.name: str(f.type) for f in preview.schema}
    found: dict[str, list[Any]] = {}
    for group in groups:
        for stats in group.columns:
            if stats.name in types:
                found.setdefault(stats.name, []).append(stats)
    made = {}
    for name, all_ in found.items():
        nulls = [s.nulls for s in all_]
        made[name] = Described(
            name,
            types[name],
            sum(nulls) if None not in nulls else None,
            _extreme([s.least for s in all_], min),
            _extreme([s.greatest for s in all_], max),
        )
    return made


def _extreme(values: Sequence[Any], choose: Any) -> Any:
    """Return the least or greatest of all; None where one is not told."""
    try:
        return None if any(v is None for v in values) else choose(values)
    except TypeError:
        return None


def _groups(groups: Sequence[Group], unit: str) -> Records[Group]:
    fields = [Field[Group]("#", lambda g: g.number, right=True)]
    if any(g.name for g in groups):
        fields.append(Field[Group](unit, lambda g: g.name))
    fields += [
        Field[Group]("rows", lambda g: g.rows, _counted, right=True),
        Field[Group]("size", lambda g: g.bytes, size, right=True),
    ]
    if unit != "file":
        fields.insert(1, Field[Group]("offset", lambda g: g.offset, _counted, right=True))
    if any(g.uncompressed for g in groups):
        fields.append(Field[Group]("uncompressed", lambda g: g.uncompressed, size, right=True))
    return Records(groups[:_GROUPS], fields, _spread(groups))


def _spread(groups: Sequence[Group]) -> str:
    """Say how many more there are, and whether their rows are spread evenly."""
    rows = sorted(g.rows for g in groups if g.rows is not None)
    told = []
    if len(groups) > _GROUPS:
        told.append(f"the first {_GROUPS} of {count(len(groups))}; .preview.groups has all")
    if len(rows) > 1:
        middle = rows[len(rows) // 2]
        told.append(f"rows: {count(rows[0])} least, {count(middle)} median, {count(rows[-1])} most")
    return "\n".join(told)


def _snapshots(snapshots: Sequence[Snapshot]) -> Records[Snapshot]:
    fields = (
        Field[Snapshot]("id", lambda s: s.id),
        Field[Snapshot]("when", lambda s: s.when, moment),
        Field[Snapshot]("operation", lambda s: s.operation),
        Field[Snapshot]("current", lambda s: s.current, lambda now: "current" if now else ""),
    )
    more = f"the newest {_GROUPS} of {count(len(snapshots))}; .preview.snapshots has all"
    return Records(snapshots[:_GROUPS], fields, more * (len(snapshots) > _GROUPS))


def _several(unit: str) -> str:
    return f"{unit}es" if unit.endswith("ch") else f"{unit}s"


def _counted(number: int | None) -> str:
    return "" if number is None else count(number)


def _written(value: Any) -> str:
    if isinstance(value, bytes):
        value = f"0x{value.hex().upper()}"
    return _short("" if value is None else str(value))


def _type(text: str) -> str:
    return _short(text, 3 * _LONG)


def _short(text: str, most: int = _LONG) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def as_json(preview: Preview) -> str:
    """Return all of a preview as one JSON object; what JSON has no type for is text."""
    told = {
        "path": str(preview.path),
        "format": preview.format,
        "compression": preview.compression,
        "size": preview.size,
        "read": preview.read,
        "files": preview.files,
        "total_rows": preview.total_rows,
        "schema": [
            {"name": f.name, "type": str(f.type), "nullable": f.nullable} for f in preview.schema
        ],
        "partitions": preview.partitions,
        "unit": preview.unit,
        "groups": [_plain(g) for g in preview.groups],
        "snapshots": [_plain(s) for s in preview.snapshots],
        "differences": [_plain(d) for d in preview.differences],
        "notes": preview.notes,
        "columns": preview.rows.column_names,
        "rows": [list(r) for r in zip(*(c.to_pylist() for c in preview.rows.columns), strict=True)],
    }
    return json.dumps(_valid(told), ensure_ascii=False)


def _plain(item: Any) -> dict[str, Any]:
    return {name: getattr(item, name) for name in item.__dataclass_fields__}


def _valid(value: Any) -> Any:
    """Return what JSON can write: other numbers and times as text, bytes as hexadecimal."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):  # a local name that is no UTF-8 has half characters
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return {str(k): _valid(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_valid(v) for v in value]
    if isinstance(value, bytes):
        return value.hex()
    if hasattr(value, "__dataclass_fields__"):
        return _valid(_plain(value))
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
