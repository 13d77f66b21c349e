"""AES-CBC and AES-GCM as the AWS SDK for Java writes them, over `cryptography`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from emr_nb.errors import FileError, MissingExtraError
from emr_nb.files.emrfs.envelope import GCM, Envelope

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

BLOCK = 16
TAG = 16


def need_cryptography() -> None:
    """Raise MissingExtraError where the ciphers are not installed."""
    try:
        import cryptography  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "Decrypting what was encrypted on the client's side needs `cryptography`",
            advice="pip install 'emr-nb[cse]'",
        ) from error


def decryptor(envelope: Envelope, key: bytes, block: int = 0, before: bytes = b"") -> CipherContext:
    """Return what decrypts the content from a block on; GCM's as the counter mode it is.

    CBC needs the stored block `before` that one. Nothing here authenticates: see `check_tag`.
    """
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    mode: Any
    if envelope.content == GCM:
        # GCM with a 12-byte IV counts from 2 for the content: 1 is for the tag
        mode = modes.CTR(envelope.iv + (2 + block).to_bytes(4, "big"))
    else:
        mode = modes.CBC(before or envelope.iv)
    return Cipher(algorithms.AES(key), mode).decryptor()


def check_tag(envelope: Envelope, key: bytes, pieces: Iterable[bytes], where: str) -> None:
    """Raise FileError unless the stored bytes (the tag being their end) are what was written."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    gcm = Cipher(algorithms.AES(key), modes.GCM(envelope.iv)).decryptor()
    held = b""
    for piece in pieces:
        held += piece
        gcm.update(held[:-TAG])
        held = held[-TAG:]
    try:
        gcm.finalize_with_tag(held)
    except (InvalidTag, ValueError) as error:
        raise FileError(
            "The object is not what was encrypted: its tag does not fit, nothing of it is shown",
            where=where,
            advice="It was damaged or changed where it lies; take it from its source again.",
        ) from error


def unpadded(pieces: Iterable[bytes], where: str) -> Iterator[bytes]:
    """Yield CBC's plaintext without the padding of its last block; raises FileError."""
    held = b""
    for piece in pieces:
        held += piece
        whole = (len(held) - 1) // BLOCK * BLOCK if held else 0  # the last block stays
        if whole:
            yield held[:whole]
            held = held[whole:]
    count = held[-1] if held else 0
    if len(held) != BLOCK or not 1 <= count <= BLOCK or held[-count:] != bytes([count]) * count:
        raise FileError(
            "The object does not end as AES-CBC does: it is damaged, or its key is another",
            where=where,
        )
    if count < BLOCK:
        yield held[:-count]


class Sealing:
    """Encrypts a stream by AES-GCM, its tag at the end."""

    def __init__(self, key: bytes, iv: bytes) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        self._gcm = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()

    def chunks(self, plain: Iterable[bytes]) -> Iterator[bytes]:
        for piece in plain:
            yield self._gcm.update(piece)
        yield self._gcm.finalize() + self._gcm.tag
