"""Removing objects of S3, a thousand at a time where XML can spell their keys."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

from emr_nb.errors import HttpStatusError
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.model import FilePath
from emr_nb.transport.base import Deadline, Retry

_DELETE = "s3:DeleteObject"
_BATCH = 1000
_SLOW = 120.0  # seconds for one batch


class Remover:
    """Removes objects of one identity's buckets."""

    def __init__(self, calls: S3Calls) -> None:
        self._calls = calls

    def remove(self, path: FilePath) -> None:
        """Remove one object; removing again removes nothing more."""
        self._calls.request("DELETE", path, _DELETE, retry=Retry.READ)

    def remove_all(self, path: FilePath, keys: Iterable[str]) -> None:
        """Remove keys of a bucket; raises the first failure, later batches are left."""
        batch: list[str] = []
        for key in keys:
            if not s3_xml.can_spell(key):
                self.remove(FilePath("s3", path.authority, key))
                continue
            batch.append(key)
            if len(batch) == _BATCH:
                self._remove_batch(path, batch)
                batch = []
        if batch:
            self._remove_batch(path, batch)

    def _remove_batch(self, path: FilePath, keys: list[str]) -> None:
        body = s3_xml.delete_request(keys)
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        reply = self._calls.request(
            *("POST", FilePath("s3", path.authority, ""), _DELETE),
            params={"delete": ""},
            headers={
                "Content-MD5": base64.b64encode(md5).decode(),
                "Content-Type": "application/xml",
            },
            body=body,
            retry=Retry.READ,  # deleting again deletes nothing more
            deadline=Deadline.after(_SLOW),
            about=path,
        )
        for failed in s3_xml.parse(reply.content, "DeleteObjects").iter("Error"):
            code, key = failed.findtext("Code") or "", failed.findtext("Key") or ""
            message = failed.findtext("Message") or ""
            told = s3_xml.error_text(code, message)
            broken = HttpStatusError(
                "S3 failed", status=403 if code == "AccessDenied" else 500, body=told
            )
            raise self._calls.failure(broken, FilePath("s3", path.authority, key), _DELETE)
