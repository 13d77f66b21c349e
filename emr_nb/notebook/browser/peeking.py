"""What the browser's pane shows of a file: facts, first rows or text, a picture, or a hex head."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from emr_nb.errors import EmrError
from emr_nb.files.abilities import Details
from emr_nb.files.base import FileSystem
from emr_nb.model import FileEntry
from emr_nb.notebook.browser.columns import mode
from emr_nb.notebook.browser.snippets import HiveColumn
from emr_nb.notebook.look import count, moment, plural, printable, size

_HEAD = 64 * 1024
_LINES = 200
_LINE = 2000
_HEX = 512
_ROWS = 20  # of a table; lines of text are more
_PREVIEWED = 100
_COLUMNS = 100
_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
_PACKAGE = "emr_nb.files.preview"


@dataclass
class Peek:
    """One preview as JSON-ready parts; all texts are safe to show."""

    format: str = ""
    facts: list[tuple[str, str]] = field(default_factory=list)
    columns: list[dict[str, str]] = field(default_factory=list)
    rows: list[list[str | None]] = field(default_factory=list)
    text: str = ""
    notes: list[str] = field(default_factory=list)
    image: dict[str, Any] | None = None

    def message(self) -> dict[str, Any]:
        return {
            "format": self.format, "facts": [list(f) for f in self.facts],
            "columns": self.columns, "rows": self.rows, "text": self.text,
            "notes": self.notes, "image": self.image,
        }  # fmt: skip


def peek(store: FileSystem, entry: FileEntry) -> Peek:
    """Look into a file or folder; raises what the store raises."""
    made = Peek(facts=_facts(entry))
    if isinstance(store, Details):
        detail = store.detail(entry.path)
        known = {label.casefold() for label, _ in made.facts}
        made.facts += [
            (label[:1].upper() + label[1:], printable(text))
            for label, text in detail.facts
            if label.casefold() not in known
        ]
        if not detail.readable:
            made.notes.append(printable(detail.reason))
            return made
    previews = _previews()
    if previews is not None:
        options = previews.Options(rows=_PREVIEWED)
        _by_preview(made, previews.preview(store, entry.path, options))
    elif not entry.is_directory:
        _plain_head(made, store, entry)
    return made


def hive_columns(store: FileSystem, entry: FileEntry) -> list[HiveColumn]:
    """Return the columns of a file or folder as Hive types; [] where nothing tells them."""
    previews = _previews()
    if previews is None:
        return []
    try:
        schema = previews.preview(store, entry.path).schema
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


def _previews() -> Any:
    """Return the package of previews, where this installation has it."""
    return import_module(_PACKAGE) if find_spec(_PACKAGE) is not None else None


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


def _by_preview(made: Peek, found: Any) -> None:
    from emr_nb.notebook.values import rows_of

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


def _plain_head(made: Peek, store: FileSystem, entry: FileEntry) -> None:
    data = b"".join(store.read(entry.path, 0, min(_HEAD, entry.size))) if entry.size else b""
    text = _as_text(data, whole=len(data) >= entry.size)
    if text is None:
        made.format = "binary"
        made.text = "\n".join(hex_lines(data[:_HEX]))
        made.notes.append(f"The first {size(min(_HEX, len(data)))} of {size(entry.size)}.")
        return
    made.format = "text"
    lines = text.splitlines()
    shown = lines[:_LINES]
    made.text = "\n".join(_shown_line(line) for line in shown)
    if len(lines) > len(shown) or len(data) < entry.size:
        made.notes.append(f"The first {plural(len(shown), 'line')} of {size(entry.size)}.")
    if not data:
        made.notes.append("The file is empty.")


def _as_text(data: bytes, *, whole: bool) -> str | None:
    if b"\0" in data:
        return None
    for cut in range(4 if not whole else 1):  # a character may be cut at the end
        try:
            return data[: len(data) - cut].decode()
        except UnicodeDecodeError:
            continue
    return None


def _shown_line(line: str) -> str:
    safe = "\t".join(printable(part) for part in line.split("\t"))
    return safe if len(safe) <= _LINE else f"{safe[:_LINE]}… (+{len(safe) - _LINE:,} characters)"


def hex_lines(data: bytes) -> Sequence[str]:
    """Write bytes as offsets, hexadecimal and what prints of them, 16 a line."""
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        shown = "".join(chr(b) if 32 <= b < 127 else "." for b in row)
        lines.append(f"{at:08x}  {row[:8].hex(' '):<23}  {row[8:].hex(' '):<23}  {shown}")
    return lines
