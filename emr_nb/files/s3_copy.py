"""Copying objects within S3, without their bytes passing here."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from urllib.parse import quote

from emr_nb.errors import EmrError, FileError, HttpStatusError
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.base import Deadline, Reply, Retry

_LIMIT = 5 * 1024**3  # bytes that one CopyObject takes
_PART = 512 * 1024**2
_SLOW = 600.0  # seconds that one copy of up to 5 GiB may take
_ACTION = "s3:GetObject and s3:PutObject"
_KEPT = frozenset(
    {"content-type", "content-encoding", "content-language", "content-disposition", "cache-control"}
)


def copy_object(
    calls: S3Calls,
    source: FileEntry,
    target: FilePath,
    keep: Mapping[str, str],
    head: Mapping[str, str] | None = None,
) -> None:
    """Copy one object of the source's very version; by parts above 5 GiB.

    `keep` are the headers that say how S3 encrypts the copy, `head` those of the source where
    they are known. What is stored is compared, and a copy that differs is removed.
    """
    if head is None:
        head = calls.request("HEAD", source.path, "s3:GetObject").headers
    size = int(head.get("content-length") or 0)
    etag = source.etag or head.get("etag", "").strip('"')
    headers = {
        "x-amz-copy-source": f"/{source.path.authority}/{quote(source.path.key, safe='/-_.~')}",
        "x-amz-copy-source-if-match": f'"{etag}"',
    }
    if size > _LIMIT:
        told = {n: v for n, v in head.items() if n in _KEPT or n.startswith("x-amz-meta-")}
        _copy_by_parts(calls, size, target, headers, {**told, **keep})
    else:
        reply = calls.request(
            *("PUT", target, _ACTION),
            headers={**headers, **keep},
            retry=Retry.READ,  # the same bytes again
            deadline=Deadline.after(_SLOW),
        )
        _whole(calls, reply, target)
    made = calls.request("HEAD", target, "s3:GetObject").headers
    if int(made.get("content-length") or 0) != size:
        calls.request("DELETE", target, "s3:DeleteObject", retry=Retry.READ)
        raise FileError("The copy differs from its source", where=str(target))


def _copy_by_parts(
    calls: S3Calls,
    size: int,
    target: FilePath,
    headers: Mapping[str, str],
    keep: Mapping[str, str],
) -> None:
    """Copy by ranges; `keep` are the object's metadata, which parts do not carry along."""
    reply = calls.request("POST", target, _ACTION, params={"uploads": ""}, headers=keep)
    upload = s3_xml.parse(reply.content, "CreateMultipartUpload").findtext("UploadId") or ""
    try:
        etags = []
        for number, start in enumerate(range(0, size, _PART), 1):
            last = min(start + _PART, size) - 1
            part = calls.request(
                *("PUT", target, _ACTION),
                params={"partNumber": str(number), "uploadId": upload},
                headers={**headers, "x-amz-copy-source-range": f"bytes={start}-{last}"},
                retry=Retry.READ,
                deadline=Deadline.after(_SLOW),
            )
            _whole(calls, part, target)
            etag = s3_xml.parse(part.content, "UploadPartCopy").findtext("ETag") or ""
            etags.append(etag.strip('"'))
        body = s3_xml.complete_request(etags)
        done = calls.request(
            "POST", target, _ACTION, params={"uploadId": upload}, body=body,
            headers={"Content-Type": "application/xml"}, deadline=Deadline.after(_SLOW),
        )  # fmt: skip
        _whole(calls, done, target)
    except BaseException:
        with suppress(EmrError):
            calls.request(
                *("DELETE", target, "s3:AbortMultipartUpload"),
                params={"uploadId": upload},
                deadline=Deadline.after(5),
            )
        raise


def _whole(calls: S3Calls, reply: Reply, target: FilePath) -> None:
    """Raise when a 200 reply hides an error."""
    if s3_xml.is_error(reply.content):
        broken = HttpStatusError("S3 failed", status=500, body=reply.text)
        raise calls.failure(broken, target, _ACTION)
