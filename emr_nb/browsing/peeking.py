"""What the browser's pane shows of a file: facts, first rows or text, a picture, or a hex head."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

from emr_nb.browsing.columns import mode
from emr_nb.browsing.snippets import HiveColumn
from emr_nb.errors import EmrError
from emr_nb.files.abilities import Details
from emr_nb.files.base import FileSystem
from emr_nb.files.preview import Options, Preview, preview
from emr_nb.model import FileEntry
from emr_nb.wording import count, moment, plural, printable, size

_LINE = 2000
_LEAD = 3  # path, size and time stand above what the file holds
_ROWS = 20  # of a table; lines of text are more
_PREVIEWED = 100
_COLUMNS = 100
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


@dataclass
class Peek:
    """One preview as JSON-ready parts; all texts are safe to show."""

    format: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    more: list[tuple[str, str]] = field(default_factory=list)  # below what the file holds
    columns: list[dict[str, str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    text: str = ""
    notes: list[str] = field(default_factory=list)
    image: dict[str, Any] | None = None

    def message(self) -> dict[str, Any]:
        return {
            "format": self.format, "facts": [list(f) for f in self.facts],
            "more": [list(f) for f in self.more],
            "columns": self.columns, "rows": self.rows, "text": self.text,
            "notes": self.notes, "image": self.image,
        }  # fmt: skip


def peek(store: FileSystem, entry: FileEntry) -> Peek:
    """Look into a file or folder; raises what the store raises."""
    facts = _facts(entry)
    made = Peek(facts=facts[:_LEAD], more=facts[_LEAD:])
    if isinstance(store, Details):
        detail = store.detail(entry.path)
        known = {label.casefold() for label, _ in facts}
        made.more += [
            (label[:1].upper() + label[1:], printable(text))
            for label, text in detail.facts
            if label.casefold() not in known
        ]
        if not detail.readable:
            made.notes.append(printable(detail.reason))
            return made
    _by_preview(made, preview(store, entry.path, Options(rows=_PREVIEWED)), entry)
    return made


def hive_columns(store: FileSystem, entry: FileEntry) -> list[HiveColumn]:
    """Return the columns of a file or folder as Hive types; [] where nothing tells them."""
    try:
        schema = preview(store, entry.path).schema
    except EmrError:
        return []  # a table can still be written by hand
    return [HiveColumn(f.name, hive_type(f.type)) for f in schema]


def hive_type(kind: Any) -> str:
    """Return the Hive type that holds an Arrow type's values as its files store them."""
    import pyarrow as pa

    t = pa.types
    plain = (
        (t.is_boolean, "BOOLEAN"), (t.is_int8, "TINYINT"), (t.is_int16, "SMALLINT"),
        (t.is_uint8, "SMALLINT"), (t.is_int32, "INT"), (t.is_uint16, "INT"),
        (t.is_integer, "BIGINT"), (t.is_float64, "DOUBLE"), (t.is_floating, "FLOAT"),
        (t.is_date, "DATE"), (t.is_timestamp, "TIMESTAMP"), (t.is_binary, "BINARY"),
        (t.is_large_binary, "BINARY"), (t.is_fixed_size_binary, "BINARY"),
    )  # fmt: skip
    if t.is_decimal(kind):
        return f"DECIMAL({kind.precision},{kind.scale})"
    if t.is_dictionary(kind):
        return hive_type(kind.value_type)
    if t.is_map(kind):
        return f"MAP<{hive_type(kind.key_type)},{hive_type(kind.item_type)}>"
    if t.is_list(kind) or t.is_large_list(kind):
        return f"ARRAY<{hive_type(kind.value_type)}>"
    if t.is_struct(kind):
        inside = ",".join(f"`{f.name}`:{hive_type(f.type)}" for f in kind)
        return f"STRUCT<{inside}>"
    return next((name for test, name in plain if test(kind)), "STRING")


def _facts(entry: FileEntry) -> list[tuple[str, str]]:
    exact = "" if entry.is_directory else f"{size(entry.size)} ({plural(entry.size, 'byte')})"
    facts = [
        ("Path", printable(str(entry.path))),
        ("Size", exact if entry.size >= 1024 else exact.partition(" (")[0]),
        ("Modified", moment(entry.modified)),
        ("Owner", printable(f"{entry.owner}:{entry.group}") if entry.owner else ""),
        ("Permissions", f"{mode(entry)} ({entry.permissions})" if entry.permissions else ""),
    ]
    return [fact for fact in facts if fact[1]]


def _by_preview(made: Peek, found: Preview, entry: FileEntry) -> None:
    from emr_nb.results.texts import rows_of

    made.format = printable(found.format)
    facts = [("Format", found.format + (f", {found.compression}" if found.compression else ""))]
    lines = _as_lines(found.rows)
    if found.total_rows is not None and found.rows.num_columns and lines is None:
        facts.append(("Rows", count(found.total_rows)))
    if found.groups and found.unit and found.unit != "file":
        facts.append((f"{found.unit.capitalize()}s", count(len(found.groups))))
    if found.files > 1:
        facts.append(("Files", count(found.files)))
    if found.snapshots:
        facts.append(("Snapshots", count(len(found.snapshots))))
    made.facts += [(label, printable(text)) for label, text in facts]
    fields = [] if lines is not None else list(found.rows.schema)[:_COLUMNS]
    if lines is not None:
        made.format = "binary" if _is_hex(found.rows) else made.format
        made.text = "\n".join(_shown_line(line) for line in lines)
        if lines and not found.whole:
            made.notes.append(f"The first {plural(len(lines), 'line')} of {size(entry.size)}.")
    made.columns = [{"name": printable(f.name), "type": str(f.type)} for f in fields]
    made.rows = rows_of(found.rows.select(range(len(fields))), 0, _ROWS) if fields else []
    if lines is None and len(fields) < found.rows.num_columns:
        made.notes.append(f"{len(fields)} of {found.rows.num_columns:,} columns are shown.")
    made.notes += [printable(str(note)) for note in (*found.differences, *found.notes)]
    image = found.image
    if image is not None and image.data and image.mime in _PICTURES:
        data = base64.b64encode(image.data).decode()
        made.image = {"mime": image.mime, "data": data, "width": image.width,
                      "height": image.height}  # fmt: skip


def _as_lines(rows: Any) -> list[str] | None:
    """Return the lines of what has no columns, text or a hex head; None for a table."""
    if rows.column_names == ["line"]:
        return [str(line or "") for line in rows.column(0).to_pylist()]
    if _is_hex(rows):
        return [f"{r['offset']:08x}  {r['hex']:<47}  {r['text']}" for r in rows.to_pylist()]
    return None


def _is_hex(rows: Any) -> bool:
    return bool(rows.column_names == ["offset", "hex", "text"])


def _shown_line(line: str) -> str:
    safe = "\t".join(printable(part) for part in line.split("\t"))
    return safe if len(safe) <= _LINE else f"{safe[:_LINE]}… (+{len(safe) - _LINE:,} characters)"
