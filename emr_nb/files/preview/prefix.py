"""The first bytes of a compressed block, without what follows: bounded whatever the block says."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable

from emr_nb.files.preview.damage import BudgetSpentError, DamageError
from emr_nb.files.preview.source import Source

MOST = 16 * 1024 * 1024  # bytes of one block that are held
_FIRST = 1024
PLAIN = "UNCOMPRESSED"


class Prefix:
    """The decompressed beginning of `length` bytes at `start`, by a codec of Parquet's.

    `get(n)` returns the first n bytes, or all where the block has fewer.
    """

    def __init__(
        self, source: Source, start: int, length: int, codec: str, uncompressed: int
    ) -> None:
        self._source, self._start, self._length = source, start, length
        self._codec, self._uncompressed = codec, uncompressed
        self._held = b""
        self._all = False

    def get(self, wanted: int) -> bytes:
        """Return the first bytes; raises BudgetSpentError above what is held of one block."""
        if wanted > MOST:
            raise BudgetSpentError(f"its first values take more than {MOST:,} bytes")
        wanted = min(wanted, self._uncompressed)
        if len(self._held) < wanted and not self._all:
            self._held = self._decompressed(wanted)
        return self._held[:wanted]

    def _decompressed(self, wanted: int) -> bytes:
        if self._codec == PLAIN:
            return self._source.exactly(self._start, min(wanted, self._length), "a page")
        partial = _PARTIAL.get(self._codec)
        if partial is None:
            return self._at_once()
        # what cannot be compressed takes a little more than it is
        given = min(self._length, wanted + wanted // 64 + _FIRST)
        while True:
            data = self._source.exactly(self._start, given, "a page")
            made = partial(data, wanted)
            if len(made) >= wanted:
                return made
            if given == self._length:
                self._all = True
                return made
            given = min(self._length, given * 4)

    def _at_once(self) -> bytes:
        """Decompress the whole block: LZO and Brotli show no beginning."""
        import pyarrow as pa

        if self._uncompressed > MOST:
            raise BudgetSpentError(f"a page has {self._uncompressed:,} bytes")
        data = self._source.exactly(self._start, self._length, "a page")
        self._all = True
        made: bytes = pa.Codec(self._codec.lower()).decompress(
            data, decompressed_size=self._uncompressed, asbytes=True
        )
        return made


class Held(Prefix):
    """A block that is in memory already."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def get(self, wanted: int) -> bytes:
        return self._data[:wanted]


def snappy(data: bytes, wanted: int) -> bytes:
    """Decompress the beginning of a raw snappy block as far as the bytes reach."""
    at = 0
    while at < len(data) and at < 5 and data[at] & 128:
        at += 1
    at += 1  # behind the length of the whole
    out = bytearray()
    end = len(data)
    while len(out) < wanted and at < end:
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            length, extra = (tag >> 2) + 1, 0
            if length > 60:
                extra = length - 60
                length = int.from_bytes(data[at : at + extra], "little") + 1
            piece = data[at + extra : at + extra + length]
            at += extra + length
            out += piece
            if len(piece) < length:
                break
            continue
        width = (1, 2, 4)[(tag & 3) - 1]
        if at + width > end:
            break
        offset = int.from_bytes(data[at : at + width], "little")
        length = (tag >> 2) + 1
        if width == 1:
            offset, length = (tag >> 5) << 8 | offset, (tag >> 2 & 7) + 4
        at += width
        _copy(out, offset, length)
    return bytes(out)


def lz4(data: bytes, wanted: int) -> bytes:
    """Decompress the beginning of a raw LZ4 block as far as the bytes reach."""
    out, at, end = bytearray(), 0, len(data)
    while len(out) < wanted and at < end:
        token = data[at]
        length, at = _lz4_length(data, at + 1, token >> 4)
        piece = data[at : at + length]
        at += length
        out += piece
        if len(piece) < length or at + 2 > end:
            break
        offset = data[at] | data[at + 1] << 8
        length, at = _lz4_length(data, at + 2, token & 15)
        _copy(out, offset, min(length + 4, MOST))
    return bytes(out)


def lz4_either(data: bytes, wanted: int) -> bytes:
    """Decompress Parquet's LZ4: raw by today's writers, in Hadoop's frames by older ones."""
    out, at = b"", 0
    while len(out) < wanted and at + 8 < len(data):
        whole, stored = (int.from_bytes(data[n : n + 4], "big") for n in (at, at + 4))
        if not 0 < whole <= MOST or not 0 < stored <= MOST:
            break
        out += lz4(data[at + 8 : at + 8 + stored], whole)
        at += 8 + stored
    return out if out else lz4(data, wanted)


def _lz4_length(data: bytes, at: int, length: int) -> tuple[int, int]:
    if length == 15:
        while at < len(data):
            byte = data[at]
            length, at = length + byte, at + 1
            if byte != 255:
                break
    return length, at


def _copy(out: bytearray, offset: int, length: int) -> None:
    if not 0 < offset <= len(out):
        raise DamageError("a compressed page points before its beginning")
    if offset >= length:
        out += out[len(out) - offset : len(out) - offset + length]
    else:
        pattern = bytes(out[-offset:])
        out += (pattern * (length // offset + 1))[:length]


def gzip(data: bytes, wanted: int) -> bytes:
    """Decompress the beginning of a gzip or zlib stream as far as the bytes reach."""
    try:
        return zlib.decompressobj(47).decompress(data, max(1, wanted))
    except zlib.error as error:
        raise DamageError(f"it cannot be decompressed ({error})") from error


def zstd(data: bytes, wanted: int) -> bytes:
    """Decompress the beginning of a Zstandard stream as far as the bytes reach."""
    import pyarrow as pa

    made = bytearray()
    stream = pa.CompressedInputStream(io.BytesIO(data), "zstd")
    try:
        while len(made) < wanted:
            piece = stream.read(min(64 * 1024, wanted - len(made)))
            if not piece:
                break
            made += piece
    except OSError as error:
        # a stream cut on purpose ends so too: what came before it is right
        if "runcated" not in str(error):
            raise DamageError(f"it cannot be decompressed ({error})") from error
    return bytes(made)


_PARTIAL: dict[str, Callable[[bytes, int], bytes]] = {
    "SNAPPY": snappy,
    "LZ4_RAW": lz4,
    "LZ4": lz4_either,
    "GZIP": gzip,
    "ZSTD": zstd,
}
