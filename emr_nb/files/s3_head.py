"""One S3 object by HEAD: its entry, and the detail that people ask for."""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from emr_nb.errors import EmrError, EncryptedFileError
from emr_nb.files import s3_xml
from emr_nb.files.abilities import Detail
from emr_nb.files.emrfs.detail import SSE, detail_of, server_side
from emr_nb.files.emrfs.envelope import SUFFIX, Envelope, of_headers
from emr_nb.files.emrfs.sealed import Sealed
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_list import Lister, entry_of
from emr_nb.files.s3_read import GET
from emr_nb.model import FileEntry, FilePath

_EXTRA = {
    "x-amz-server-side-encryption": "encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "kms_key",
    "x-amz-version-id": "version",
    "content-type": "content_type",
    "content-encoding": "content_encoding",
    "x-amz-restore": "restore",
    "x-amz-replication-status": "replication",
}
Fact = tuple[str, str]
_ARCHIVES = ("GLACIER", "DEEP_ARCHIVE")
_SSE_C = {"x-amz-server-side-encryption-customer-algorithm": "AES256"}


class Heads:
    """Describes the objects of one identity's buckets."""

    def __init__(self, calls: S3Calls, lister: Lister, sealed: Sealed) -> None:
        self._calls = calls
        self._lister = lister
        self._sealed = sealed
        self._defaults: dict[str, str] = {}

    def entry(self, path: FilePath) -> FileEntry:
        """Describe an object; its size is that of what `read` gives."""
        try:
            headers = self._calls.request("HEAD", path, GET).headers
        except EncryptedFileError as error:
            return self._by_listing(path, error)
        return self._entry(path, headers, self._sealed.envelope(path, headers))

    def detail(self, path: FilePath, around: Callable[[FilePath], list[Fact]]) -> Detail:
        """Tell all that a HEAD tells of an object; `around` is true of where it lies."""
        try:
            headers = self._calls.request("HEAD", path, GET).headers
        except EncryptedFileError as error:
            entry = self._by_listing(path, error)
            return detail_of(entry, _SSE_C, None, around(path), error.what)
        envelope = self._sealed.envelope(path, headers, thorough=True)
        problem = envelope.problem if envelope is not None else ""
        through = self._sealed.reader(envelope) if envelope is not None else ""
        if through:
            problem = ""
        archived = headers.get("x-amz-storage-class", "") in _ARCHIVES
        if archived and 'ongoing-request="false"' not in headers.get("x-amz-restore", ""):
            problem = problem or "it is archived and must be restored first"
        entry = self._entry(path, headers, envelope)
        detail = detail_of(entry, headers, envelope, around(path), problem)
        if not through:
            return detail
        return replace(detail, facts=[*detail.facts, ("Read through", f"{through}, by EMRFS")])

    def bucket_default(self, path: FilePath) -> str:
        """Return how a bucket encrypts what says nothing; empty where S3 does not tell us."""
        if path.authority not in self._defaults:
            self._defaults[path.authority] = self._ask_default(path)
        return self._defaults[path.authority]

    # -- inside ---------------------------------------------------------------------------

    def _by_listing(self, path: FilePath, error: EncryptedFileError) -> FileEntry:
        """Describe an SSE-C object, of which only a listing tells."""
        page = self._lister.page(path, path.key, limit=1)
        if not page.objects or page.objects[0].key != path.key:
            raise error
        found = entry_of(path.authority, page.objects[0])
        return replace(found, extra={"encryption": "SSE-C", "problem": error.what})

    def _ask_default(self, path: FilePath) -> str:
        bucket = FilePath("s3", path.authority, "")
        try:
            reply = self._calls.request(
                *("GET", bucket, "s3:GetEncryptionConfiguration"),
                params={"encryption": ""},
                about=path,
            )
            root = s3_xml.parse(reply.content, "GetBucketEncryption")
        except EmrError:
            return ""
        told = {element.tag: element.text or "" for element in root.iter()}
        name = SSE.get(told.get("SSEAlgorithm", ""), told.get("SSEAlgorithm", ""))
        key = told.get("KMSMasterKeyID", "")
        return f"{name}, key {key}" if name and key else name

    def _entry(
        self, path: FilePath, headers: Mapping[str, str], envelope: Envelope | None
    ) -> FileEntry:
        extra = {ours: headers[theirs] for theirs, ours in _EXTRA.items() if theirs in headers}
        if "encryption" in extra:
            extra["encryption"] = server_side(headers)[0]
        size = stored = int(headers.get("content-length") or 0)
        if envelope is not None:
            extra["encryption"] = envelope.mode
            extra["client_side_encryption"] = envelope.content or envelope.mode
            extra["stored_size"] = str(stored)
            if envelope.key:
                extra["kms_key"] = envelope.key
            if of_headers(headers) is None:
                extra["instruction_file"] = path.key + SUFFIX
            size = self._plain_size(path, headers, envelope, stored)
        return FileEntry(
            path,
            "file",
            size=size,
            modified=_http_date(headers.get("last-modified")),
            etag=headers.get("etag", "").strip('"'),
            storage_class=headers.get("x-amz-storage-class", "STANDARD"),
            extra=extra,
        )

    def _plain_size(
        self, path: FilePath, headers: Mapping[str, str], envelope: Envelope, stored: int
    ) -> int:
        size = envelope.plain_size(stored)
        through = self._sealed.reader(envelope)
        if size is None and (not envelope.problem or through):
            # without the key, or a session that gets it, it is the stored one
            with suppress(EmrError if through else EncryptedFileError):
                size = self._sealed.open(path, headers, envelope).plain_size()
        return stored if size is None else size


def _http_date(text: str | None) -> datetime | None:
    return email.utils.parsedate_to_datetime(text).astimezone(UTC) if text else None
