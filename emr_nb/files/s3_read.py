"""Reading S3 objects: ranges that go on where they broke, of the same object, verified."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator, Mapping

from emr_nb.errors import EmrError, FileError, PathExistsError, ReplyLostError, TransportError
from emr_nb.files.s3_calls import S3Calls
from emr_nb.model import FilePath
from emr_nb.transport.base import StreamingReply

_TRIES = 4  # in a row that brought nothing
_WAITS = (0.1, 0.3, 1.0)
_MD5 = re.compile(r"[0-9a-f]{32}")
_ENVELOPE = ("x-amz-meta-x-amz-key-v2", "x-amz-meta-x-amz-key", "x-amz-meta-x-amz-3")


def read_range(calls: S3Calls, path: FilePath, start: int, length: int | None) -> Iterator[bytes]:
    """Yield a range of one version of an object; raises rather than ends early.

    A whole object whose ETag is its MD5 is checked against it at the end.
    """
    if length == 0:
        return
    reading = _Reading(path, start, None if length is None else start + length)
    fruitless = 0
    while not reading.done:
        before = reading.at
        failure: EmrError | None = None
        try:
            with calls.stream(path, "s3:GetObject", reading.headers()) as stream:
                yield from reading.take(stream)
        except PathExistsError as error:  # If-Match failed
            raise FileError(
                "The object was replaced while it was read",
                where=str(path),
                advice="Read it again.",
            ) from error
        except TransportError as error:
            failure = error
        fruitless = 0 if reading.at > before else fruitless + 1
        if failure is not None and fruitless >= _TRIES:
            raise failure
        if failure is not None and fruitless:
            time.sleep(_WAITS[fruitless - 1])
    reading.verify()


class _Reading:
    """How far a read has come; `end` is known after the first reply."""

    def __init__(self, path: FilePath, start: int, end: int | None) -> None:
        self.path = path
        self.start = start
        self.at = start
        self.asked_end = end
        self.end: int | None = None
        self._etag = ""
        self._md5 = None if start or end is not None else hashlib.md5(usedforsecurity=False)

    @property
    def done(self) -> bool:
        return self.end is not None and self.at >= self.end

    def headers(self) -> dict[str, str]:
        # identity: a stored gzip must arrive as it is stored
        wanted = {"Accept-Encoding": "identity"}
        if self._etag:
            wanted["If-Match"] = f'"{self._etag}"'
        if self.at or self.asked_end is not None:
            last = "" if self.asked_end is None else str(self.asked_end - 1)
            wanted["Range"] = f"bytes={self.at}-{last}"
        return wanted

    def take(self, stream: StreamingReply) -> Iterator[bytes]:
        self._learn(stream.headers)
        for chunk in stream.chunks():
            self.at += len(chunk)
            if self._md5 is not None:
                self._md5.update(chunk)
            yield chunk
        if not self.done:
            raise ReplyLostError("S3 sent less than it said", where=str(self.path))

    def _learn(self, headers: Mapping[str, str]) -> None:
        if self.end is not None:
            return
        if any(name in headers for name in _ENVELOPE):
            raise FileError(
                "The object is encrypted on the client's side (CSE); its bytes are ciphertext",
                where=str(self.path),
                advice="Read it through Spark on the cluster, which has the key.",
            )
        self.end = self.at + int(headers.get("content-length") or 0)
        self._etag = headers.get("etag", "").strip('"')
        if headers.get("x-amz-server-side-encryption", "").startswith("aws:kms"):
            self._md5 = None  # such an ETag is no MD5

    def verify(self) -> None:
        """Compare the whole object with its ETag where that is an MD5."""
        if self._md5 is None or not _MD5.fullmatch(self._etag):
            return
        if self._md5.hexdigest() != self._etag:
            raise FileError(
                "The bytes do not match the object's checksum (ETag)",
                where=str(self.path),
                advice="They were damaged on the way; read it again.",
            )
