"""One file: which format its bytes are of, and what its reader says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from emr_nb.files.preview import avro, delimited, ipc, json_lines, orc, parquet, plain
from emr_nb.files.preview.body import Body
from emr_nb.files.preview.content import Content, Inflated, compression_of, without_codec
from emr_nb.files.preview.damage import DamageError, named
from emr_nb.files.preview.lines import is_text, text_of
from emr_nb.files.preview.model import Options
from emr_nb.files.preview.present import presentable
from emr_nb.files.preview.source import SMALL, Source
from emr_nb.model import FilePath

if TYPE_CHECKING:
    import pyarrow as pa

Reader = Callable[[Source, Options], Body]
_READERS: dict[str, Reader] = {
    "Parquet": parquet.read,
    "ORC": orc.read,
    "Avro": avro.read,
    "Arrow IPC": ipc.read,
}
_SCHEMAS = {
    "Parquet": parquet.schema_of,
    "ORC": orc.schema_of,
    "Avro": avro.schema_of,
    "Arrow IPC": ipc.schema_of,
}
_BY_NAME = {
    "parquet": "Parquet", "parq": "Parquet", "orc": "ORC", "avro": "Avro", "arrow": "Arrow IPC",
    "arrows": "Arrow IPC", "feather": "Arrow IPC", "ipc": "Arrow IPC",
}  # fmt: skip
_TEXTS = {"csv": ",", "tsv": "\t", "tab": "\t", "psv": "|"}
_PLAIN = ("txt", "log", "out", "err", "md", "py", "sql", "sh", "xml", "html", "yaml", "yml",
          "properties", "conf", "cfg", "ini")  # fmt: skip
_FOOTED = ("parquet", "parq", "orc", "arrow", "feather")
_HEAD = 4096
_INFLATED = 16 * 1024 * 1024


def read(source: Source, options: Options) -> Body:
    """Return what a file holds; raises FileFormatError."""
    name = source.path.name
    with named(source.path, "file"):
        if without_codec(name).rpartition(".")[2].lower() in _FOOTED and source.size > 4 * SMALL:
            source.prefetch([(0, _HEAD), (source.size - SMALL, SMALL)])
        head = source.read(0, _HEAD)
        compression = compression_of(head, name)
        content = Content(source, compression)
        if compression:
            head = content.get(_HEAD)
    kind = by_magic(head)
    if kind:
        with named(source.path, f"{kind} file"):
            if compression:
                body = _inflated(content, source.path, options)
            else:
                body = _checked(_READERS[kind](source, options))
    else:
        with named(source.path, "file"):
            body = _checked(_other(content, source, head, name, options))
    return _told(body, name, compression)


def schema_of(source: Source, options: Options) -> tuple[str, pa.Schema, int | None]:
    """Return format, schema and number of rows (None where nothing tells) with few bytes read."""
    kind = by_magic(source.read(0, 64 if source.size > 64 else source.size))
    if kind:
        with named(source.path, f"{kind} file"):
            schema, rows = _SCHEMAS[kind](source)
            _checked(Body(kind, schema, schema.empty_table()))
            return kind, schema, rows
    body = read(source, options)
    return body.format, body.schema, body.total_rows


def by_magic(head: bytes) -> str:
    """Return which of the formats with a schema the first bytes are of, else nothing."""
    if head.startswith(ipc.MAGIC + b"\0\0"):
        return "Arrow IPC"
    if head.startswith(avro.MAGIC):
        return "Avro"
    if (
        head.startswith(ipc.CONTINUED)
        and len(head) > 16
        and head[8:10] in (b"\x10\0", b"\x0c\0", b"\x14\0")
    ):
        return "Arrow IPC"
    if head.startswith((parquet.MAGIC, parquet.ENCRYPTED)) and not is_text(head[:64]):
        return "Parquet"
    if head.startswith(b"ORC") and not is_text(head[:64]):
        return "ORC"
    return ""


def _other(content: Content, source: Source, head: bytes, name: str, options: Options) -> Body:
    if not content.compression and (found := plain.picture(source)) is not None:
        return found
    if not is_text(head):
        return plain.dump(content.get(options.rows * 16), options, source.size)
    text = text_of(content, options.rows + 1)
    ending = without_codec(name).rpartition(".")[2].lower()
    if options.delimiter is None and ending not in _TEXTS:
        if json_lines.looks_so(text):
            return json_lines.read(text, options)
        if ending == "json" and (array := json_lines.document(text, options)) is not None:
            return array
    chosen = options.delimiter is not None or ending in _TEXTS
    if chosen or ending not in (*_PLAIN, "json"):
        dialect = delimited.dialect_of(text, options, _TEXTS.get(ending, ""))
        # a name that tells nothing: only what is the same in every line makes it a table
        if dialect is not None and (chosen or (dialect.sure and len(text.lines()) > 2)):
            return delimited.read(text, dialect, options)
    return plain.lines(text, options)


def _inflated(content: Content, path: FilePath, options: Options) -> Body:
    """Read a format with a footer that was compressed as a whole, where it is small."""
    inside = Inflated(content, _INFLATED)
    store = _Memory(inside.data)
    whole = Source(store, path, len(inside.data), len(inside.data) * 2)
    return _checked(_READERS[by_magic(inside.data[:64])](whole, options))


class _Memory:
    """A store of one file that is in memory."""

    scheme = "memory"

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:  # noqa: ARG002
        yield self._data[start : None if length is None else start + length]


def _checked(body: Body) -> Body:
    """Return it with rows that can be shown; raises on a schema whose names are no texts."""
    waiting = [*body.schema, *body.rows.schema]
    while waiting:
        field = waiting.pop()
        if field.name is None:
            raise DamageError("a column has no name")
        str(field.type)
        waiting += [field.type.field(n) for n in range(field.type.num_fields)]
    rows, notes = presentable(body.rows)
    return replace(body, rows=rows, notes=(*body.notes, *notes)) if notes else body


def _told(body: Body, name: str, compression: str) -> Body:
    """Add what the name says where the bytes say otherwise, and the compression."""
    notes = list(body.notes)
    ending = without_codec(name).rpartition(".")[2].lower()
    says = _BY_NAME.get(ending) or ({"csv": "CSV", "tsv": "TSV"}.get(ending, ""))
    if says and not body.format.startswith(says) and says not in body.format:
        notes.insert(0, f"The name says {says}, the bytes are {body.format}.")
    if compression:
        said = f"{body.compression}, {compression} as a whole" if body.compression else compression
        return replace(body, compression=said, notes=tuple(notes))
    return replace(body, notes=tuple(notes))
