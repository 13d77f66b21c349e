"""Copying objects within S3, without their bytes passing here."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import quote

from emr_nb.errors import EmrError, HttpStatusError
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_errors import translate
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.base import Deadline, Reply, Retry

_LIMIT = 5 * 1024**3  # bytes that one CopyObject takes
_PART = 512 * 1024**2
_SLOW = 600.0  # seconds that one copy of up to 5 GiB may take
_ACTION = "s3:GetObject and s3:PutObject"


def copy_object(calls: S3Calls, source: FileEntry, target: FilePath) -> None:
    """Copy one object of the source's very version; by parts above 5 GiB."""
    headers = {
        "x-amz-copy-source": f"/{source.path.authority}/{quote(source.path.key, safe='/-_.~')}"
    }
    if source.etag:
        headers["x-amz-copy-source-if-match"] = f'"{source.etag}"'
    if source.size > _LIMIT:
        _copy_by_parts(calls, source, target, headers)
        return
    _whole(
        calls.request(
            *("PUT", target, _ACTION),
            headers=headers,
            retry=Retry.READ,  # the same bytes again
            deadline=Deadline.after(_SLOW),
        ),
        target,
    )


def _copy_by_parts(
    calls: S3Calls, source: FileEntry, target: FilePath, headers: dict[str, str]
) -> None:
    reply = calls.request("POST", target, _ACTION, params={"uploads": ""})
    upload = s3_xml.parse(reply.content, "CreateMultipartUpload").findtext("UploadId") or ""
    try:
        etags = []
        for number, start in enumerate(range(0, source.size, _PART), 1):
            last = min(start + _PART, source.size) - 1
            part = calls.request(
                *("PUT", target, _ACTION),
                params={"partNumber": str(number), "uploadId": upload},
                headers={**headers, "x-amz-copy-source-range": f"bytes={start}-{last}"},
                retry=Retry.READ,
                deadline=Deadline.after(_SLOW),
            )
            _whole(part, target)
            etag = s3_xml.parse(part.content, "UploadPartCopy").findtext("ETag") or ""
            etags.append(etag.strip('"'))
        body = s3_xml.complete_request(etags)
        done = calls.request(
            "POST", target, _ACTION, params={"uploadId": upload}, body=body,
            headers={"Content-Type": "application/xml"}, deadline=Deadline.after(_SLOW),
        )  # fmt: skip
        _whole(done, target)
    except BaseException:
        with suppress(EmrError):
            calls.request(
                *("DELETE", target, "s3:AbortMultipartUpload"),
                params={"uploadId": upload},
                deadline=Deadline.after(5),
            )
        raise


def _whole(reply: Reply, target: FilePath) -> None:
    """Raise when a 200 reply hides an error."""
    if s3_xml.is_error(reply.content):
        raise translate(
            HttpStatusError("S3 failed", status=500, body=reply.text), str(target), _ACTION
        )
