"""Writing S3 objects: one PUT or a multipart upload, visible only when whole."""

from __future__ import annotations

import hashlib
import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path

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
from emr_nb.files.s3_uploads import Uploads
from emr_nb.model import FilePath
from emr_nb.transport.base import Deadline, Reply, Retry
from emr_nb.transport.waits import interruptible

_MIB = 1024 * 1024
_PART = 8 * _MIB
_PUT = "s3:PutObject"
_MD5 = re.compile(r'"?[0-9a-f]{32}"?')
_SLOW = 120.0  # seconds for one part, and for putting the parts together
_SIDE_BY_SIDE = 4  # parts on their way
_IN_FLIGHT = 4 * _PART  # bytes of parts on their way, of which one may be larger
_SETTLE = 10.0  # seconds that parts on their way get before an upload is aborted


def part_sizes() -> Iterator[int]:
    """Yield part sizes that reach 5 TiB within S3's 10,000 parts: 8 MiB, later more."""
    for number in range(10_000):
        yield _PART if number < 1000 else 64 * _MIB if number < 4000 else 1024 * _MIB


def write_object(
    calls: S3Calls,
    path: FilePath,
    chunks: Iterable[bytes],
    *,
    overwrite: bool,
    headers: Mapping[str, str] | None = None,
    uploads: Uploads | None = None,
) -> int:
    """Write all chunks and return their size; nothing is there, or what was, until the end.

    `headers` say how S3 keeps the object (encryption, metadata). An upload by parts is noted
    in `uploads` while it runs, so that what a crash leaves can be aborted.
    """
    parts = _parts(chunks)
    first = next(parts, b"")
    if len(first) < _PART:
        _put(calls, path, first, overwrite=overwrite, extra=headers or {})
        return len(first)
    upload = _Multipart(calls, path, headers or {}, uploads)
    return upload.run(first, parts, overwrite=overwrite)


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


def _put(
    calls: S3Calls, path: FilePath, body: bytes, *, overwrite: bool, extra: Mapping[str, str]
) -> None:
    """PUT the object; S3 itself refuses an existing one unless it may be replaced."""
    md5 = hashlib.md5(body, usedforsecurity=False).hexdigest()
    headers = {**extra, **({} if overwrite else {"If-None-Match": "*"})}
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
    """One multipart upload: aborted on every failure, so that no hidden parts are paid for.

    Parts go side by side; the bodies' SHA-256, which the signature holds, is S3's check.
    """

    def __init__(
        self,
        calls: S3Calls,
        path: FilePath,
        headers: Mapping[str, str],
        uploads: Uploads | None,
    ) -> None:
        self._calls = calls
        self._path = path
        self._headers = headers
        self._uploads = uploads
        self._id = ""
        self._noted: Path | None = None
        self._etags: list[str] = []
        self._coming: deque[tuple[int, Future[str]]] = deque()

    def run(self, first: bytes, rest: Iterable[bytes], *, overwrite: bool) -> int:
        reply = self._calls.request(
            "POST", self._path, _PUT, params={"uploads": ""}, headers=self._headers
        )
        self._id = s3_xml.parse(reply.content, "CreateMultipartUpload").findtext("UploadId") or ""
        if self._uploads is not None:
            self._noted = self._uploads.begin(self._path, self._id)
        pool = ThreadPoolExecutor(_SIDE_BY_SIDE, "s3-write")
        try:
            size = self._send_all(pool, first, rest)
            self._complete(overwrite=overwrite)
        except BaseException:
            self._give_up(pool)
            raise
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        self._forget()
        return size

    def _forget(self) -> None:
        if self._noted is not None:
            self._noted.unlink(missing_ok=True)

    def _send_all(self, pool: ThreadPoolExecutor, first: bytes, rest: Iterable[bytes]) -> int:
        size, number = len(first), 1
        self._coming.append((len(first), pool.submit(self._send, 1, first)))
        for part in rest:
            while self._coming and self._on_the_way() + len(part) > _IN_FLIGHT:
                self._settle()
            number += 1
            size += len(part)
            self._coming.append((len(part), pool.submit(self._send, number, part)))
        while self._coming:
            self._settle()
        return size

    def _on_the_way(self) -> int:
        return sum(size for size, _ in self._coming)

    def _settle(self) -> None:
        """Wait for the oldest part; a failure of any is raised when its turn comes."""
        _, done = self._coming.popleft()
        with interruptible():
            self._etags.append(done.result())

    def _give_up(self, pool: ThreadPoolExecutor) -> None:
        """Abort, once no part is on its way any more: a late one would outlive the abort."""
        pool.shutdown(wait=False, cancel_futures=True)
        wait([coming for _, coming in self._coming], timeout=_SETTLE)
        with suppress(EmrError):  # the first error is the one to tell
            self._calls.request(
                *("DELETE", self._path, "s3:AbortMultipartUpload"),
                params={"uploadId": self._id},
                deadline=Deadline.after(5),
            )
            self._forget()  # else a later process tries again

    def _send(self, number: int, body: bytes) -> str:
        reply = self._calls.request(
            *("PUT", self._path, _PUT),
            params={"partNumber": str(number), "uploadId": self._id},
            body=body,
            retry=Retry.READ,  # a part sent twice is one part
            deadline=Deadline.after(_SLOW),
        )
        _compare(reply, hashlib.md5(body, usedforsecurity=False).hexdigest(), self._path)
        return reply.headers.get("etag", "").strip('"')

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
            raise self._calls.failure(broken, self._path, _PUT)

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
