"""What is no table: texts as lines, bytes as a hex dump, pictures with their size."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from emr_nb.files.preview.body import Body
from emr_nb.files.preview.damage import DamageError
from emr_nb.files.preview.lines import Text
from emr_nb.files.preview.model import Image, Options
from emr_nb.files.preview.source import Source

_WIDTH = 16
_SHOWN = 2 * 1024 * 1024  # bytes of a picture that is shown
_PIXELS = 40_000_000
_NAMED = (
    (b"SEQ", "Hadoop SequenceFile"), (b"RCF", "RCFile"), (b"PK\x03\x04", "zip archive"),
    (b"%PDF", "PDF"), (b"SQLite format 3\0", "SQLite database"), (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"FEA1", "Feather, version 1"), (b"\x7fELF", "program"), (b"\x80\x04", "Python pickle"),
    (b"\x80\x05", "Python pickle"), (b"Joy!", "Pig storage"),
)  # fmt: skip


def lines(text: Text, options: Options, format_: str = "text") -> Body:
    """Return the first lines as a table of one column."""
    import pyarrow as pa

    found = text.lines()
    schema = pa.schema([pa.field("line", pa.string())])
    table = pa.table([pa.array(found[: options.rows], pa.string())], schema=schema)
    return Body(format_, schema, table, len(found) if text.whole else None, notes=text.notes)


def dump(head: bytes, options: Options, size: int) -> Body:
    """Return the first bytes as offsets, hexadecimal numbers and characters."""
    import pyarrow as pa

    data = head[: options.rows * _WIDTH]
    pieces = [data[n : n + _WIDTH] for n in range(0, len(data), _WIDTH)]
    schema = pa.schema(
        [
            pa.field("offset", pa.int64(), nullable=False),
            pa.field("hex", pa.string(), nullable=False),
            pa.field("text", pa.string(), nullable=False),
        ]
    )
    table = pa.table(
        [
            pa.array([n * _WIDTH for n in range(len(pieces))], pa.int64()),
            pa.array([p.hex(" ") for p in pieces], pa.string()),
            pa.array(["".join(chr(b) if 32 <= b < 127 else "." for b in p) for p in pieces]),
        ],
        schema=schema,
    )
    name = next((name for magic, name in _NAMED if head.startswith(magic)), "binary")
    note = f"Nothing here reads what it holds; these are its first {len(data):,} bytes."
    return Body(name, schema, table, -(-size // _WIDTH), notes=(note,))


@dataclass(frozen=True, slots=True)
class _Size:
    mime: str
    width: int
    height: int


def picture(source: Source) -> Body | None:
    """Return a picture with its size in pixels; None for what is none."""
    import pyarrow as pa

    head = source.read(0, 64)
    size = _measured(head, source)
    if size is None:
        return None
    notes, data = [], None
    if source.size > _SHOWN:
        notes.append(f"The picture is not shown: it has more than {_SHOWN:,} bytes.")
    elif size.width * size.height > _PIXELS:
        notes.append(f"The picture is not shown: it has more than {_PIXELS:,} pixels.")
    else:
        data = source.read(0, source.size)
    schema = pa.schema([])
    name = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "bmp": "BMP", "webp": "WebP"}
    return Body(
        name[size.mime.partition("/")[2]],
        schema,
        schema.empty_table(),
        notes=tuple(notes),
        image=Image(size.mime, size.width, size.height, data),
    )


def _measured(head: bytes, source: Source) -> _Size | None:
    try:
        if head.startswith(b"\x89PNG\r\n\x1a\n"):
            return _Size("image/png", *struct.unpack(">II", head[16:24]))
        if head[:6] in (b"GIF87a", b"GIF89a"):
            return _Size("image/gif", *struct.unpack("<HH", head[6:10]))
        if head[:2] == b"BM" and len(head) >= 26 and head[6:10] == b"\0\0\0\0":
            width, height = struct.unpack("<ii", head[18:26])
            return _Size("image/bmp", width, abs(height))
        if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
            return _webp(head)
        if head[:3] == b"\xff\xd8\xff":
            return _jpeg(source)
    except struct.error as error:
        raise DamageError("a picture ends before its size") from error
    return None


def _webp(head: bytes) -> _Size:
    kind = head[12:16]
    if kind == b"VP8X":
        width, height = (1 + int.from_bytes(head[n : n + 3], "little") for n in (24, 27))
    elif kind == b"VP8L":
        bits = int.from_bytes(head[21:25], "little")
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (n & 0x3FFF for n in struct.unpack("<HH", head[26:30]))
    return _Size("image/webp", width, height)


def _jpeg(source: Source) -> _Size:
    """Find the frame's header behind whatever a camera put before it."""
    at = 2
    for _ in range(200):
        head = source.read(at, 9)
        if len(head) < 9 or head[0] != 0xFF:
            break
        kind = head[1]
        if 0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", head[5:9])
            return _Size("image/jpeg", width, height)
        at += 2 + int.from_bytes(head[2:4])
    raise DamageError("a picture ends before its size")
