"""The beginning of what a file holds, inflated where it is compressed, never more than asked."""

from __future__ import annotations

import bz2
import io
import lzma
import zlib
from collections.abc import Callable
from typing import Any, Protocol

from emr_nb.files.preview import prefix
from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.source import Source

MOST = 1024 * 1024  # bytes of text that are looked at
SNAPPY_FRAMES = b"\xff\x06\x00\x00sNaPpY"
_BY_MAGIC = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x04\x22\x4d\x18", "lz4"),
    (SNAPPY_FRAMES, "snappy"),
)
_BY_NAME = {
    "gz": "gzip", "gzip": "gzip", "bz2": "bzip2", "zst": "zstd", "zstd": "zstd", "xz": "xz",
    "lz4": "lz4", "snappy": "snappy", "sz": "snappy", "deflate": "zlib",
}  # fmt: skip


class Content:
    """What a file holds, from the front; `compression` names how it is compressed."""

    def __init__(self, source: Source, compression: str = "") -> None:
        self._source, self.compression = source, compression
        self._held = b""
        self._all = False
        self.cut_short = ""  # why the end of it cannot be inflated

    def get(self, wanted: int) -> bytes:
        """Return the first bytes, fewer only where there are no more."""
        if len(self._held) < wanted and not self._all:
            self._held = self._inflated(wanted) if self.compression else self._plain(wanted)
        return self._held[:wanted]

    def is_all(self, data: bytes) -> bool:
        """Tell whether these first bytes are all there are."""
        return self._all and len(data) == len(self._held)

    def _plain(self, wanted: int) -> bytes:
        data = self._source.read(0, wanted)
        self._all = len(data) >= self._source.size
        return data

    def _inflated(self, wanted: int) -> bytes:
        inflate = _CODECS[self.compression]
        size = self._source.size
        given = min(size, 16 * 1024)
        while True:
            made, ended = inflate(self._source.read(0, given), wanted)
            if len(made) >= wanted:
                self._all = ended and given == size and len(made) == wanted
                return made[:wanted]
            if given == size:
                self._all = True
                if not ended:
                    self.cut_short = "its compressed data end in the middle"
                return made
            if given * 4 + self._source.count > self._source.budget:
                self.cut_short = "no more of it was read"
                return made
            given = min(size, given * 4)


def compression_of(head: bytes, name: str) -> str:
    """Return how a file is compressed by its first bytes, or where they do not tell, its name."""
    for magic, codec in _BY_MAGIC:
        is_bzip2 = head[4:10] in (b"1AY&SY", b"\x17rE8P\x90")
        if head.startswith(magic) and (codec != "bzip2" or is_bzip2):
            return codec
    named = _BY_NAME.get(name.rpartition(".")[2].lower(), "")
    if (
        named == "zlib"
        and len(head) > 1
        and head[0] & 15 == 8
        and int.from_bytes(head[:2]) % 31 == 0
    ):
        return "zlib"
    if named in ("snappy", "lz4") and len(head) > 8:
        whole, stored = (int.from_bytes(head[n : n + 4]) for n in (0, 4))
        if 0 < whole < 2**26 and 0 < stored < 2**26:
            return f"hadoop {named}"
    return ""


def without_codec(name: str) -> str:
    """Return a file's name without the ending of its compression."""
    front, dot, ending = name.rpartition(".")
    return front if dot and ending.lower() in _BY_NAME else name


Inflate = Callable[[bytes, int], tuple[bytes, bool]]


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _members(make: Callable[[], _Decompressor]) -> Inflate:
    """Inflate one stream after the other: parts of a compressed file are often joined."""

    def inflate(data: bytes, wanted: int) -> tuple[bytes, bool]:
        out = bytearray()
        while data:
            one = make()
            try:
                out += one.decompress(data, wanted - len(out) + 1)
            except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError) as error:
                if out:  # bytes behind the end that are no stream
                    return bytes(out[:wanted]), False
                raise DamageError(f"it cannot be decompressed ({error})") from error
            if not one.eof or len(out) > wanted:
                return bytes(out[:wanted]), False
            data = one.unused_data.lstrip(b"\0")
        return bytes(out), True

    return inflate


def _arrow(codec: str) -> Inflate:
    def inflate(data: bytes, wanted: int) -> tuple[bytes, bool]:
        import pyarrow as pa

        out = bytearray()
        stream: Any = pa.CompressedInputStream(io.BytesIO(data), codec)
        try:
            while len(out) < wanted:
                piece = stream.read(min(65536, wanted - len(out)))
                if not piece:
                    return bytes(out), True
                out += piece
        except OSError as error:
            if not out and "runcated" not in str(error):
                raise DamageError(f"it cannot be decompressed ({error})") from error
        return bytes(out), False

    return inflate


def _hadoop(raw: Callable[[bytes, int], bytes]) -> Inflate:
    """Inflate Hadoop's blocks: the block's size, then pieces, each behind its own."""

    def inflate(data: bytes, wanted: int) -> tuple[bytes, bool]:
        out, at = bytearray(), 0
        while at + 4 <= len(data) and len(out) < wanted:
            left = int.from_bytes(data[at : at + 4])
            at += 4
            while left > 0 and len(out) < wanted:
                stored = int.from_bytes(data[at : at + 4])
                piece = data[at + 4 : at + 4 + stored]
                made = raw(piece, min(left, prefix.MOST))
                out += made
                if len(piece) < stored or not made:
                    return bytes(out), False
                left, at = left - len(made), at + 4 + stored
        return bytes(out), at >= len(data)

    return inflate


def _snappy_frames(data: bytes, wanted: int) -> tuple[bytes, bool]:
    """Inflate the framing format of snappy (google/snappy, framing_format.txt)."""
    out, at = bytearray(), 0
    while at + 4 <= len(data) and len(out) < wanted:
        kind, size = data[at], int.from_bytes(data[at + 1 : at + 4], "little")
        piece = data[at + 4 : at + 4 + size]
        if len(piece) < size:
            return bytes(out), False
        if kind == 0:
            out += prefix.snappy(piece[4:], 65536)
        elif kind == 1:
            out += piece[4:]
        elif 2 <= kind < 128:
            raise DamageError("it has a kind of snappy frame that is not known")
        at += 4 + size
    return bytes(out), at >= len(data)


_CODECS: dict[str, Inflate] = {
    "gzip": _members(lambda: zlib.decompressobj(31)),
    "zlib": _members(lambda: zlib.decompressobj(15)),
    "bzip2": _members(bz2.BZ2Decompressor),
    "xz": _members(lambda: lzma.LZMADecompressor(memlimit=2**27)),
    "zstd": _arrow("zstd"),
    "lz4": _arrow("lz4"),
    "snappy": _snappy_frames,
    "hadoop snappy": _hadoop(prefix.snappy),
    "hadoop lz4": _hadoop(prefix.lz4),
}


class Inflated:
    """What a small compressed file holds, as a store of one file: for formats with a footer."""

    scheme = "memory"

    def __init__(self, content: Content, most: int) -> None:
        self.data = content.get(most + 1)
        if not content.is_all(self.data):
            raise BudgetSpentError(
                f"it is compressed as a whole, and holds more than the {most:,} bytes that are "
                "inflated here"
            )
