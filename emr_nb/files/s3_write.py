"""Writing S3 objects: one PUT or a multipart upload, visible only when whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from emr_nb.errors import (
    AwsError,
    DeadlineExceededError,
    EmrError,
    FileError,
    HttpStatusError,
    PathExistsError,
    ReplyLostError,
)
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_errors import translate
from emr_nb.model import FilePath
from emr_nb.transport.base import Deadline, Reply, Retry

_MIB = 1024 * 1024
_PART = 8 * _MIB
_PUT = "s3:PutObject"
_MD5 = re.compile(r'"?[0-9a-f]{32}"?')
_SLOW = 120.0  # seconds for one part, and for putting the parts together


def part_sizes() -> Iterator[int]:
    """Yield part sizes that reach 5 TiB within S3's 10,000 parts: 8 MiB, later more."""
    for number in range(10_000):
        yield _PART if number < 1000 else 64 * _MIB if number < 4000 else 1024 * _MIB


def write_object(
    calls: S3Calls, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool
) -> int:
    """Write all chunks and return their size; nothing is there, or what was, until the end."""
    parts = _parts(chunks)
    first = next(parts, b"")
    if len(first) < _PART:
        _put(calls, path, first, overwrite=overwrite)
        return len(first)
    return _Multipart(calls, path).run(first, parts, overwrite=overwrite)


def _parts(chunks: Iterable[bytes]) -> Iterator[bytes]:
    sizes = part_sizes()
    wanted = next(sizes)
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= wanted:
            yield bytes(held[:wanted])
            del held[:wanted]
            wanted = next(sizes)
    if held:
        yield bytes(held)


def _put(calls: S3Calls, path: FilePath, body: bytes, *, overwrite: bool) -> None:
    """PUT the object; S3 itself refuses an existing one unless it may be replaced."""
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    headers = {} if overwrite else {"If-None-Match": "*"}
    try:
        reply = calls.request(
            *("PUT", path, _PUT),
            headers=headers,
            body=body,
            retry=Retry.READ if overwrite else Retry.NEVER,  # the same bytes again are harmless
            deadline=Deadline.after(_SLOW),
        )
    except (ReplyLostError, DeadlineExceededError):
        if not _is_ours(calls, path, md5):
            raise
        return  # it is there; only the reply was lost
    _compare(reply, md5, path)


def _is_ours(calls: S3Calls, path: FilePath, md5: str) -> bool:
    try:
        reply = calls.request("HEAD", path, "s3:GetObject")
    except (FileError, AwsError):
        return False
    return reply.headers.get("etag", "").strip('"') == md5


def _compare(reply: Reply, md5: str, path: FilePath) -> None:
    etag = reply.headers.get("etag", "")
    kms = reply.headers.get("x-amz-server-side-encryption", "").startswith("aws:kms")
    if not kms and _MD5.fullmatch(etag) and etag.strip('"') != md5:
        raise FileError(
            "S3 stored other bytes than were sent", where=str(path), advice="Write it again."
        )


class _Multipart:
    """One multipart upload: aborted on every failure, so that no hidden parts are paid for."""

    def __init__(self, calls: S3Calls, path: FilePath) -> None:
        self._calls = calls
        self._path = path
        self._id = ""
        self._etags: list[str] = []

    def run(self, first: bytes, rest: Iterable[bytes], *, overwrite: bool) -> int:
        reply = self._calls.request("POST", self._path, _PUT, params={"uploads": ""})
        self._id = s3_xml.parse(reply.content, "CreateMultipartUpload").findtext("UploadId") or ""
        try:
            size = self._send(first)
            for part in rest:
                size += self._send(part)
            self._complete(overwrite=overwrite)
        except BaseException:
            with suppress(EmrError):  # the first error is the one to tell
                self._calls.request(
                    *("DELETE", self._path, "s3:AbortMultipartUpload"),
                    params={"uploadId": self._id},
                    deadline=Deadline.after(5),
                )
            raise
        return size

    def _send(self, body: bytes) -> int:
        reply = self._calls.request(
            *("PUT", self._path, _PUT),
            params={"partNumber": str(len(self._etags) + 1), "uploadId": self._id},
            body=body,
            retry=Retry.READ,  # a part sent twice is one part
            deadline=Deadline.after(_SLOW),
        )
        _compare(reply, hashlib.md5(body, usedforsecurity=False).hexdigest(), self._path)
        self._etags.append(reply.headers.get("etag", "").strip('"'))
        return len(body)

    def _complete(self, *, overwrite: bool) -> None:
        try:
            reply = self._calls.request(
                *("POST", self._path, _PUT),
                params={"uploadId": self._id},
                headers={
                    "Content-Type": "application/xml",
                    **({} if overwrite else {"If-None-Match": "*"}),
                },
                body=s3_xml.complete_request(self._etags),
                deadline=Deadline.after(_SLOW),
            )
        except (ReplyLostError, DeadlineExceededError):
            if not _is_ours(self._calls, self._path, self._expected()):
                raise
            return
        if s3_xml.is_error(reply.content):
            broken = HttpStatusError("S3 failed", status=500, body=reply.text)
            raise translate(broken, str(self._path), _PUT)

    def _expected(self) -> str:
        """The ETag of the whole, as S3 makes it: the MD5 of the parts' MD5s."""
        with suppress(ValueError):
            joined = b"".join(bytes.fromhex(etag) for etag in self._etags)
            digest = hashlib.md5(joined, usedforsecurity=False).hexdigest()
            return f"{digest}-{len(self._etags)}"
        return "unknown"


def refuse(path: FilePath) -> PathExistsError:
    """Return the error of a target that is there already."""
    return PathExistsError(
        "Something is there already", where=str(path), advice="Use --overwrite to replace it."
    )
