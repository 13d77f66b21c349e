"""A folder of parts as one table: schemas compared, partitions from names, rows of the first."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emr_nb.errors import FileFormatError
from emr_nb.files.base import FileSystem
from emr_nb.files.preview import opening
from emr_nb.files.preview.listing import Listing, Part, spread
from emr_nb.files.preview.model import Difference, Group, Options, Preview
from emr_nb.files.preview.source import AT_ONCE, Source
from emr_nb.model import FilePath

if TYPE_CHECKING:
    import pyarrow as pa

_COMPARED = 16  # parts whose schemas are read
_GROUPS = 1000  # parts that are listed
_SHOWN = 20  # differences
_FORMLESS = ("binary", "text")


@dataclass(frozen=True)
class _Seen:
    """What the footer of a part told, or why it told nothing."""

    part: Part
    source: Source
    format: str = ""
    schema: pa.Schema | None = None
    rows: int | None = None
    problem: str = ""


def read(fs: FileSystem, path: FilePath, listed: Listing, options: Options) -> Preview:
    """Preview the parts of a folder; raises FileFormatError where none can be read."""
    import pyarrow as pa

    notes = [*listed.notes]
    if listed.hidden:
        notes.append(f"Left out as no part of the table: {_some(listed.hidden)}.")
    if listed.empty:
        notes.append(f"Empty files: {_some(listed.empty)}.")
    if not listed.parts:
        notes.append("No file with anything in it lies here.")
        nothing = pa.schema([])
        return Preview(path, "empty folder", nothing, nothing.empty_table(), total_rows=0, files=0,
                       notes=tuple(notes))  # fmt: skip
    seen = _compared(fs, listed.parts, options)
    good = [s for s in seen if s.schema is not None]
    if not good:
        raise FileFormatError(
            f"None of its parts can be read; {seen[0].part.name}: {seen[0].problem}",
            where=str(path),
            advice="%emr preview of one part says more.",
        )
    notes += [f"{s.part.name}: {s.problem}" for s in seen if s.problem]
    good, others = _of_one_table(good)
    if others:
        kinds = " or ".join(sorted({s.format for s in others}))
        notes.append(f"Left out, as {kinds}: {_some([s.part.name for s in others])}.")
    left_out = {s.part.name for s in others}
    parts = [part for part in listed.parts if part.name not in left_out]
    if len(seen) < len(listed.parts):
        notes.append(f"Schemas of {len(seen)} of {len(listed.parts):,} parts were compared.")
    differences = _differences(good)
    if len(differences) > _SHOWN:
        notes.append(f"{len(differences) - _SHOWN:,} more differences are not listed.")
    keys = tuple(dict.fromkeys(key for part in listed.parts for key, _ in part.keys))
    if keys:
        notes.append(f"Partitions by folder names, as text: {', '.join(keys)}.")
    schema = _united([s.schema for s in good], keys)
    sources = {s.part.name: s.source for s in seen}
    rows, more = _rows(fs, parts, good[0], schema, options, sources)
    known = {s.part.name: s.rows for s in seen}
    whole = listed.complete and len(seen) == len(listed.parts)
    counted = [s.rows for s in seen if s.part.name not in left_out]
    total = sum(r for r in counted if r is not None) if whole and None not in counted else None
    if total is None:
        notes.append("How many rows there are is not known without reading all parts.")
    formats = sorted({s.format for s in good})
    return Preview(
        path,
        f"folder of {' and '.join(formats)}",
        schema,
        rows,
        size=sum(p.entry.size for p in listed.parts),
        read=sum(source.count for source in sources.values()),
        total_rows=total,
        unit="file",
        groups=_groups(listed.parts, known),
        files=len(listed.parts),
        partitions=keys,
        differences=tuple(differences[:_SHOWN]),
        notes=(*notes, *more),
    )


def _of_one_table(seen: Sequence[_Seen]) -> tuple[list[_Seen], list[_Seen]]:
    """Return the parts that a table may be made of, and those of no columns beside them."""
    for plain in (_FORMLESS, _FORMLESS[:1]):
        parts = [s for s in seen if s.format not in plain]
        if parts:
            return parts, [s for s in seen if s.format in plain]
    return list(seen), []


def _some(names: Sequence[str]) -> str:
    rest = f" and {len(names) - 5:,} more" if len(names) > 5 else ""
    return ", ".join(names[:5]) + rest


def _compared(fs: FileSystem, parts: Sequence[Part], options: Options) -> list[_Seen]:
    def look(part: Part) -> _Seen:
        source = Source(fs, part.entry.path, part.entry.size, options.budget)
        try:
            format_, schema, rows = opening.schema_of(source, options)
        except FileFormatError as error:
            return _Seen(part, source, problem=error.what)
        return _Seen(part, source, format_, schema, rows)

    with ThreadPoolExecutor(AT_ONCE, "emr_nb-preview") as pool:
        return list(pool.map(look, spread(parts, _COMPARED)))


def _differences(seen: Sequence[_Seen]) -> list[Difference]:
    """Compare all with the first."""
    first = seen[0]
    found: list[Difference] = []
    for other in seen[1:]:
        name = other.part.name
        if other.format != first.format:
            found.append(Difference(name, "", "format", first.format, other.format))
        here, there = _types(first.schema), _types(other.schema)
        for column, type_ in here.items():
            if column not in there:
                found.append(Difference(name, column, "missing", type_))
            elif there[column] != type_:
                found.append(Difference(name, column, "type", type_, there[column]))
        found += [Difference(name, c, "extra", "", t) for c, t in there.items() if c not in here]
        mine, its = (tuple(key for key, _ in s.part.keys) for s in (first, other))
        if mine != its:
            found.append(Difference(name, "", "format", f"below {'/'.join(mine) or 'no partition'}",
                                    f"below {'/'.join(its) or 'no partition'}"))  # fmt: skip
    return found


def _types(schema: pa.Schema) -> dict[str, str]:
    return {field.name: str(field.type) for field in schema}


def _united(schemas: Sequence[pa.Schema], keys: Sequence[str]) -> pa.Schema:
    """Return the first schema, then columns that only others have, then the partitions."""
    import pyarrow as pa

    fields = [field.remove_metadata() for field in schemas[0]]
    names = {field.name for field in fields}
    for schema in schemas[1:]:
        for field in schema:
            if field.name not in names:
                names.add(field.name)
                fields.append(field.remove_metadata().with_nullable(True))
    fields += [pa.field(key, pa.string()) for key in keys if key not in names]
    return pa.schema(fields)


def _rows(
    fs: FileSystem,
    parts: Sequence[Part],
    first: _Seen,
    schema: pa.Schema,
    options: Options,
    sources: dict[str, Source],
) -> tuple[pa.Table, list[str]]:
    """Return the first rows, of further parts where the first has few, and notes.

    `sources` has what was read of the parts, and takes those that are new.
    """
    begin = next(n for n, part in enumerate(parts) if part.name == first.part.name)
    tables: list[pa.Table] = []
    left = options.rows
    notes: list[str] = []
    for part in parts[begin : begin + _COMPARED]:
        source = sources.setdefault(
            part.name, Source(fs, part.entry.path, part.entry.size, options.budget)
        )
        try:
            body = opening.read(source, options)
        except FileFormatError:
            continue  # said where the schemas were compared
        notes += [n for n in body.notes if n not in notes]
        table = aligned(body.rows.slice(0, left), schema, dict(part.keys))
        if table is None:
            notes.append(f"The first rows end before {part.name}, whose types are others.")
            break
        tables.append(table)
        left -= table.num_rows
        if left <= 0:
            break
    return joined(tables, schema), notes


def joined(tables: Sequence[pa.Table], schema: pa.Schema) -> pa.Table:
    """Return tables one below the other, with the columns that the first has."""
    import pyarrow as pa

    if not tables:
        return schema.empty_table()
    names = [n for n in tables[0].column_names if all(n in t.column_names for t in tables)]
    return pa.concat_tables([t.select(names) for t in tables])


def aligned(table: pa.Table, schema: pa.Schema, keys: dict[str, str | None]) -> pa.Table | None:
    """Return a part's rows by the schema of all; None where a column has another type."""
    import pyarrow as pa

    if len(set(table.column_names)) < table.num_columns:
        return table  # two columns of one name: nothing is laid over them
    columns, fields = [], []
    have = set(table.column_names)
    for field in schema:
        if field.name in have:
            column = table.column(field.name)
            if column.type != field.type:
                return None
        elif field.name in keys:
            column = pa.array([keys[field.name]] * table.num_rows, field.type)
        else:
            column = pa.nulls(table.num_rows, field.type)
        columns.append(column)
        fields.append(field.with_nullable(True))
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _groups(parts: Sequence[Part], rows: dict[str, int | None]) -> tuple[Group, ...]:
    return tuple(
        Group(n, rows.get(p.name), 0, p.entry.size, name=p.name)
        for n, p in enumerate(parts[:_GROUPS])
    )
