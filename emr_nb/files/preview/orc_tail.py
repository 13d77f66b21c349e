"""The tail of an ORC file: stripes, types, statistics. Source: orc.apache.org/specification."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from emr_nb.files.preview import protobuf as pb
from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.model import ColumnStats
from emr_nb.files.preview.source import SMALL, Source

MAGIC = b"ORC"
CODECS = ("none", "zlib", "snappy", "lzo", "lz4", "zstd", "brotli")
_MOST = 16 * 1024 * 1024
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_STRUCT, _LIST, _MAP = 12, 10, 11


@dataclass(frozen=True, slots=True)
class Stripe:
    """Where a stripe lies: index, data and footer, one behind the other."""

    offset: int
    index: int
    data: int
    footer: int
    rows: int

    @property
    def end(self) -> int:
        return self.offset + self.index + self.data + self.footer


@dataclass(frozen=True)
class Tail:
    """What the tail tells; `postscript` and `footer` are its messages as they were read."""

    codec: int
    block: int
    postscript: dict[int, list[pb.Value]]
    footer: list[tuple[int, pb.Value]]
    stripes: tuple[Stripe, ...]
    rows: int
    names: tuple[str, ...]
    metadata: bytes


def read(source: Source) -> Tail:
    """Read the tail, by one request where it is small; raises DamageError."""
    if source.size < 16:
        raise DamageError("it is too short to have a footer")
    end = source.tail(SMALL)
    length = end[-1]
    postscript = pb.message(end[-1 - length : -1])
    if pb.part(postscript, 8000) != MAGIC:
        raise DamageError("its last bytes are no ORC postscript, so its footer is missing")
    codec, block = pb.whole(postscript, 2), pb.whole(postscript, 3, 256 * 1024)
    if codec >= len(CODECS) or not 0 < block <= _MOST:
        raise DamageError(f"its compression ({codec}, blocks of {block:,} bytes) is not known")
    size, more = pb.whole(postscript, 1), pb.whole(postscript, 5)
    behind = length + 1
    if size <= 0 or size + more + behind > source.size - 3:
        raise DamageError(
            f"its footer should have {size:,} bytes, and the file has {source.size:,}"
        )
    begin = source.size - behind - size
    footer = list(pb.fields(unpacked(source.read(begin, size), codec, block)))
    told = pb.message(b"")
    for field, value in footer:
        told.setdefault(field, []).append(value)
    if pb.part(told, 10):
        raise DamageError("columns of it are encrypted, and their keys are not here")
    stripes = tuple(_stripe(data, begin - more) for data in pb.parts(told, 3))
    names = _names(pb.parts(told, 4))
    metadata = b""
    if 0 < more <= _MOST and source.count + more <= source.budget:
        metadata = unpacked(source.read(begin - more, more), codec, block)
    rows = pb.whole(told, 6)
    return Tail(codec, block, postscript, footer, stripes, rows, names, metadata)


def _stripe(data: bytes, end: int) -> Stripe:
    told = pb.message(data)
    stripe = Stripe(*(pb.whole(told, n) for n in (1, 2, 3, 4, 5)))
    if stripe.offset < 3 or stripe.end > end:
        raise DamageError(
            f"a stripe should lie at bytes {stripe.offset:,} to {stripe.end:,}, "
            f"and its footer begins at {end:,}"
        )
    return stripe


def _names(types: list[bytes]) -> tuple[str, ...]:
    """Return the dotted names of all columns in the order of their ids."""
    told = [pb.message(data) for data in types]
    names = [""] * len(told)
    for at, one in enumerate(told):
        below = pb.numbers(one.get(2, []))
        labels = [text.decode("utf-8", "backslashreplace") for text in pb.parts(one, 3)]
        kind = pb.whole(one, 1)
        if kind != _STRUCT:
            labels = {_LIST: ["element"], _MAP: ["key", "value"]}.get(kind, []) or [
                str(n) for n in range(len(below))
            ]
        for child, label in zip(below, labels, strict=False):
            if not at < child < len(names):
                raise DamageError("its columns are not a tree")
            names[child] = f"{names[at]}.{label}".lstrip(".")
            if len(names[child]) > 10_000:
                raise DamageError("its columns are nested too deep")
    return tuple(names)


def unpacked(data: bytes, codec: int, block: int) -> bytes:
    """Decompress a sequence of ORC's blocks, each of which says whether it is compressed."""
    if not codec:
        return data
    out, at = bytearray(), 0
    while at < len(data):
        head = int.from_bytes(data[at : at + 3], "little")
        size, plain = head >> 1, head & 1
        piece = data[at + 3 : at + 3 + size]
        if len(piece) < size or not size:
            raise DamageError("its footer ends in the middle of a compressed block")
        out += piece if plain else _inflated(piece, codec, block)
        at += 3 + size
        if len(out) > _MOST:
            raise BudgetSpentError(f"its footer has more than {_MOST:,} bytes")
    return bytes(out)


def _inflated(piece: bytes, codec: int, block: int) -> bytes:
    from emr_nb.files.preview import prefix

    if CODECS[codec] == "zlib":
        try:
            return zlib.decompressobj(-15).decompress(piece, block)
        except zlib.error as error:
            raise DamageError(f"its footer cannot be decompressed ({error})") from error
    by = {"snappy": prefix.snappy, "lz4": prefix.lz4, "zstd": prefix.zstd}.get(CODECS[codec])
    if by is None:
        raise DamageError(f"it is compressed by {CODECS[codec]}, which is not read here")
    return by(piece, block)


def stats_of(tail: Tail, stripe: int, rows: int) -> tuple[ColumnStats, ...]:
    """Return the statistics of one stripe's columns, empty where there are none."""
    told = pb.parts(pb.message(tail.metadata), 1)
    if stripe >= len(told):
        return ()
    columns = pb.parts(pb.message(told[stripe]), 1)
    return tuple(
        _stats(data, name, rows) for data, name in zip(columns, tail.names, strict=False) if name
    )


def _stats(data: bytes, name: str, rows: int) -> ColumnStats:
    told = pb.message(data)
    values = pb.whole(told, 1) if 1 in told else None
    nulls = None if values is None or "." in name else max(0, rows - values)
    least, greatest = _range(told)
    stored = pb.whole(told, 11) if 11 in told else None
    return ColumnStats(name, nulls, least, greatest, compressed=stored)


def _range(told: dict[int, list[pb.Value]]) -> tuple[Any, Any]:
    for field, read_value in ((2, pb.signed), (3, pb.double), (4, _text), (6, _decimal), (7, _day)):
        if field in told:
            one = pb.message(pb.part(told, field))
            return tuple(read_value(one[n][-1]) if n in one else None for n in (1, 2))  # type: ignore[return-value]
    if 9 in told:
        one = pb.message(pb.part(told, 9))
        first = 3 if 3 in one else 1
        return tuple(_instant(one[n][-1]) if n in one else None for n in (first, first + 1))  # type: ignore[return-value]
    return None, None


def _text(value: pb.Value) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else ""


def _decimal(value: pb.Value) -> Decimal | None:
    try:
        return Decimal(_text(value))
    except InvalidOperation:
        return None


def _day(value: pb.Value) -> date | None:
    try:
        return (_EPOCH + timedelta(days=pb.signed(value))).date()
    except OverflowError:
        return None


def _instant(value: pb.Value) -> datetime | None:
    try:
        return _EPOCH + timedelta(milliseconds=pb.signed(value))
    except OverflowError:
        return None
