"""Whether what came of an S3 object is what lies there: its ETag or stored checksum."""

from __future__ import annotations

import base64
import hashlib
import re
import zlib
from collections.abc import Mapping
from typing import Protocol

from emr_nb.errors import FileError
from emr_nb.model import FilePath

MD5 = re.compile(r"[0-9a-f]{32}")
# in the order of preference; CRC-32C and CRC-64/NVME are not in Python's library
_STORED = ("sha256", "sha1", "crc32")


class _Digest(Protocol):
    def update(self, data: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class _Crc32:
    """CRC-32 with hashlib's face."""

    def __init__(self) -> None:
        self._value = 0

    def update(self, data: bytes, /) -> None:
        self._value = zlib.crc32(data, self._value)

    def hexdigest(self) -> str:
        return f"{self._value:08x}"


def told_checksum(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Return algorithm and hex value of the whole object that a reply's headers tell.

    That is the ETag where it is an MD5, else a stored checksum that is not one of parts.
    """
    etag = headers.get("etag", "").strip('"')
    kms = headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    if MD5.fullmatch(etag) and not kms:
        return "MD5", etag
    for name in (*_STORED, "crc32c", "crc64nvme"):
        value = headers.get(f"x-amz-checksum-{name}", "")
        if value and "-" not in value:
            return name.upper(), base64.b64decode(value).hex()
    return None


class Check:
    """Takes a whole object's bytes in order and compares them at the end."""

    def __init__(self, path: FilePath, headers: Mapping[str, str]) -> None:
        self._path = path
        self._algorithm, self._expected = told_checksum(headers) or ("", "")
        self._digest = _digest(self._algorithm)

    def update(self, data: bytes) -> None:
        if self._digest is not None:
            self._digest.update(data)

    def verify(self) -> None:
        """Raise FileError when the bytes were others than S3 keeps."""
        if self._digest is not None and self._digest.hexdigest() != self._expected:
            raise FileError(
                f"The bytes do not match the object's checksum ({self._algorithm})",
                where=str(self._path),
                advice="They were damaged on the way; read it again.",
            )


def _digest(algorithm: str) -> _Digest | None:
    if algorithm == "CRC32":
        return _Crc32()
    if algorithm == "MD5":
        return hashlib.md5(usedforsecurity=False)
    if algorithm == "SHA1":
        return hashlib.sha1(usedforsecurity=False)
    return hashlib.sha256() if algorithm == "SHA256" else None
