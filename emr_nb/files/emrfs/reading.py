"""Plaintext of objects that were encrypted on the client's side (CSE-KMS).

What is promised: no ciphertext is ever given out. A whole object by AES-GCM is given out only
after its tag was checked, kept meanwhile as the ciphertext it is (above 32 MiB in a nameless
file). So is a range of an object up to 8 MiB. A range of a larger one is decrypted alone, as
EMRFS itself does, and nothing can tell whether it was changed where it lies, since the tag is
the whole object's. AES-CBC has no tag at all.

The code is our own: `amazon-s3-encryption-client-python` refuses ranges, holds whole objects
in memory, wants a boto3 client (which has other identities, regions and retries than we), and
reads the older envelopes only with its protections off. It is the control in our tests.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from typing import IO

from emr_nb.errors import FileError
from emr_nb.files.emrfs import cipher
from emr_nb.files.emrfs.envelope import Envelope

_WHOLE = 8 * 1024 * 1024  # an object up to this size is fetched whole for any range of it
_IN_MEMORY = 32 * 1024 * 1024
_PIECE = 1024 * 1024
Fetch = Callable[[int, int | None], Iterator[bytes]]  # stored bytes from start, so many


class Decrypting:
    """One object: its envelope, its content key, its stored size, and what fetches its bytes."""

    def __init__(
        self, envelope: Envelope, key: bytes, stored: int, fetch: Fetch, where: str
    ) -> None:
        self._envelope = envelope
        self._key = key
        self._stored = stored
        self._fetch = fetch
        self._where = where
        least = 0 if envelope.authenticated else 1
        if stored < cipher.TAG or (stored % cipher.BLOCK and least):
            raise FileError(
                f"The object is too short to be what its envelope says ({stored:,} bytes)",
                where=where,
            )

    def plain_size(self) -> int:
        """Return the plaintext's size; where only CBC's padding tells it, by its last block."""
        known = self._envelope.plain_size(self._stored)
        if known is not None:
            return known
        last = b"".join(self._blocks(max(0, self._stored - cipher.BLOCK), self._stored))
        return self._stored - cipher.BLOCK + len(last)

    def read(self, start: int, length: int | None) -> Iterator[bytes]:
        """Yield a range of the plaintext, to its end when `length` is None."""
        whole = start == 0 and length is None
        if self._envelope.authenticated and (whole or self._stored <= _WHOLE):
            yield from _cut(self._verified(), start, length)
            return
        first = start // cipher.BLOCK * cipher.BLOCK
        end = self._end()
        if first >= end:
            return
        stop = end if length is None else min(end, -(-(start + length) // cipher.BLOCK) * 16)
        yield from _cut(self._blocks(first, stop), start - first, length)

    def _end(self) -> int:
        """Return where the stored content ends."""
        return self._stored - cipher.TAG if self._envelope.authenticated else self._stored

    def _verified(self) -> Iterator[bytes]:
        """Yield the whole plaintext once the tag was found good."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as kept:
            for piece in self._fetch(0, None):
                kept.write(piece)
            cipher.check_tag(self._envelope, self._key, _pieces(kept), self._where)
            opened = cipher.decryptor(self._envelope, self._key)
            left = self._end()
            for piece in _pieces(kept):
                yield opened.update(piece[:left])
                left -= len(piece[:left])

    def _blocks(self, first: int, stop: int) -> Iterator[bytes]:
        """Yield plaintext of the stored blocks from `first`; the padding is left out."""
        if self._envelope.authenticated:
            opened = cipher.decryptor(self._envelope, self._key, first // cipher.BLOCK)
            for piece in self._fetch(first, stop - first):
                yield opened.update(piece)
            return
        plain = self._cbc(first, stop)
        yield from cipher.unpadded(plain, self._where) if stop >= self._stored else plain

    def _cbc(self, first: int, stop: int) -> Iterator[bytes]:
        before = first - cipher.BLOCK if first else 0
        stored = self._fetch(before, stop - before if stop < self._stored else None)
        held = b""
        opened = cipher.decryptor(self._envelope, self._key) if not first else None
        for piece in stored:
            if opened is None:
                held += piece
                if len(held) < cipher.BLOCK:
                    continue
                opened = cipher.decryptor(self._envelope, self._key, before=held[: cipher.BLOCK])
                piece = held[cipher.BLOCK :]  # noqa: PLW2901
            yield opened.update(piece)


def _pieces(kept: IO[bytes]) -> Iterator[bytes]:
    kept.seek(0)
    while piece := kept.read(_PIECE):
        yield piece


def _cut(pieces: Iterator[bytes], skip: int, length: int | None) -> Iterator[bytes]:
    """Yield `length` bytes (None: all) after the first `skip`.

    All pieces are read even so: what ends a stream is also what checks it.
    """
    for piece in pieces:
        wanted = piece[skip:]
        skip = max(0, skip - len(piece))
        if length is not None:
            wanted = wanted[:length]
            length -= len(wanted)
        if wanted:
            yield wanted
