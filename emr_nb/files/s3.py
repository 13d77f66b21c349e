"""S3 as a file system, as EMRFS shows it: a common prefix is a directory.

Listings and HEAD are signed HTTP of our own, since names must be true: keys with `//`, `..`,
control characters or a closing slash are listed and read as they are.
"""

from __future__ import annotations

import base64
import email.utils
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    FileError,
    HttpStatusError,
    PathDeniedError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
    UsageError,
)
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.files.s3_errors import translate
from emr_nb.files.s3_read import read_range
from emr_nb.files.s3_write import refuse, write_object
from emr_nb.model import FileEntry, FilePath, Page
from emr_nb.transport.base import Deadline, Retry

_LIST = "s3:ListBucket"
_GET = "s3:GetObject"
_MARKER = "_$folder$"
_COPY_LIMIT = 5 * 1024**3  # bytes that one CopyObject takes
_COPY_PART = 512 * 1024**2
_SLOW = 120.0
_EXTRA = {
    "x-amz-server-side-encryption": "encryption",
    "x-amz-server-side-encryption-aws-kms-key-id": "kms_key",
    "x-amz-version-id": "version",
    "x-amz-meta-x-amz-cek-alg": "client_side_encryption",
    "content-type": "content_type",
}


class S3Factory:
    """Makes the S3 file system with the identity of an attached cluster's user."""

    def __call__(self, context: ClusterContext) -> S3:
        return S3(context)


class S3:
    """All buckets that one identity reaches; `s3://` itself lists the identity's own."""

    scheme = "s3"

    def __init__(self, context: ClusterContext) -> None:
        self._calls = S3Calls(context)

    # -- looking --------------------------------------------------------------------------

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        """List one page (1,000 keys) below a prefix; `after` is S3's continuation token."""
        if not path.authority:
            return self._buckets()
        prefix = _folder(path.key)
        page = self._list(path, prefix, delimiter="/", token=after)
        entries = self._entries(path, prefix, page, first=after is None)
        if not page.objects and not page.prefixes and after is None and prefix:
            if path.key.endswith("/"):
                if not self._is_folder(path):
                    raise PathNotFoundError("Nothing is there", where=str(path))
            else:
                entry = self.info(path)
                return Page([] if entry.is_directory else [entry])
        return Page(entries, page.token)

    def info(self, path: FilePath) -> FileEntry:
        """Describe an object with its encryption, or a prefix that something lies below."""
        if not path.authority:
            return FileEntry(path, "directory")
        if not path.key:
            self._calls.request("HEAD", path, _LIST)
            return FileEntry(path, "directory")
        if not path.key.endswith("/"):
            with suppress(PathNotFoundError):
                return self._head(path)
        elif not self._is_folder(path):  # an object whose name ends in a slash
            return self._head(path)
        if self._is_folder(path):
            return FileEntry(path, "directory")
        raise PathNotFoundError("Nothing is there", where=str(path))

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        if not path.authority or not path.key:
            raise PathIsDirectoryError("It is a bucket", where=str(path))
        try:
            if length == 0:
                self.info(path)
            yield from read_range(self._calls, path, start, length)
        except PathNotFoundError as error:
            if self._is_folder(path):
                raise PathIsDirectoryError("It is a directory", where=str(path)) from error
            raise
        except FileError as error:
            if not _beyond_the_end(error):
                raise

    # -- changing -------------------------------------------------------------------------

    def write(
        self, path: FilePath, chunks: Iterable[bytes], *, overwrite: bool = False
    ) -> FileEntry:
        """Write an object: it appears whole or not at all; S3 refuses an existing one."""
        self._need_key(path)
        try:
            entry = self.info(path)
        except PathNotFoundError:
            pass
        except PathDeniedError:  # who may only write cannot look
            pass
        else:
            if entry.is_directory:
                raise PathIsDirectoryError("A directory has this name", where=str(path))
            if not overwrite:
                raise refuse(path)
        size = write_object(self._calls, path, chunks, overwrite=overwrite)
        try:
            return self.info(path)
        except PathDeniedError:
            return FileEntry(path, "file", size=size)

    def mkdir(self, path: FilePath) -> None:
        """Put an empty object `path/`, as EMRFS and the console know directories."""
        if not path.key:
            self.info(path)  # buckets are not made here
            return
        bare = path.key.rstrip("/")
        with suppress(PathNotFoundError):
            self._head(FilePath("s3", path.authority, bare))
            raise PathNotDirectoryError("An object has this name", where=str(path))
        if not self._is_folder(path):
            marker = FilePath("s3", path.authority, bare + "/")
            self._calls.request("PUT", marker, "s3:PutObject", body=b"", retry=Retry.READ)

    def mv(self, source: FilePath, target: FilePath) -> None:
        """Copy, verify and delete: S3 has no rename, so a directory is moved key by key."""
        self._need_key(source)
        self._need_key(target)
        entry = self.info(source)
        with suppress(PathNotFoundError):
            self.info(target)
            raise refuse(target)
        if not entry.is_directory:
            self._copy(entry, target)
            self._delete(source)
            return
        start, moved = _folder(source.key), _folder(target.key)
        if moved.startswith(start):
            raise UsageError("A directory cannot move into itself", where=str(target))
        keys = []
        for found in self._below(source, start):
            place = FilePath("s3", source.authority, found.key)
            aim = FilePath("s3", target.authority, moved + found.key[len(start) :])
            self._copy(FileEntry(place, "file", size=found.size, etag=found.etag), aim)
            keys.append(found.key)
        self._delete_all(source, keys)

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:
        self._need_key(path)
        entry = self.info(path)
        if not entry.is_directory:
            self._delete(path)
            return
        if not recursive:
            raise PathIsDirectoryError(
                "It is a directory", where=str(path), advice="Use -r to remove all below it."
            )
        prefix = _folder(path.key)
        self._delete_all(path, (found.key for found in self._below(path, prefix)))
        self._delete(FilePath("s3", path.authority, prefix[:-1] + _MARKER))

    # -- inside ---------------------------------------------------------------------------

    def _buckets(self) -> Page[FileEntry]:
        reply = self._calls.request("GET", FilePath("s3", "", ""), "s3:ListAllMyBuckets")
        root = s3_xml.parse(reply.content, "ListBuckets")
        return Page(
            [
                FileEntry(
                    FilePath("s3", bucket.findtext("Name") or "", ""),
                    "directory",
                    modified=s3_xml.moment(bucket.findtext("CreationDate")),
                )
                for bucket in root.iter("Bucket")
            ]
        )

    def _list(
        self,
        path: FilePath,
        prefix: str,
        *,
        delimiter: str = "",
        token: str | None = None,
        limit: int = 1000,
    ) -> s3_xml.Listing:
        params = {"encoding-type": "url", "list-type": "2", "max-keys": str(limit)}
        params["prefix"] = prefix
        if delimiter:
            params["delimiter"] = delimiter
        if token is not None:
            params["continuation-token"] = token
        bucket = FilePath("s3", path.authority, "")
        return s3_xml.listing(self._calls.request("GET", bucket, _LIST, params=params).content)

    def _entries(
        self, path: FilePath, prefix: str, page: s3_xml.Listing, *, first: bool
    ) -> list[FileEntry]:
        folders = dict.fromkeys(page.prefixes)
        files = []
        for found in page.objects:
            if found.key == prefix and not found.size:
                continue  # the directory's own marker
            if found.key.endswith(_MARKER) and not found.size:
                folder = found.key[: -len(_MARKER)] + "/"
                # keys below it sort before the marker: on a later page they were listed
                if folder != prefix and (first or not self._list(path, folder, limit=1).objects):
                    folders.setdefault(folder)
                continue
            files.append(
                FileEntry(
                    FilePath("s3", path.authority, found.key),
                    "file",
                    size=found.size,
                    modified=found.modified,
                    etag=found.etag,
                    storage_class=found.storage_class,
                )
            )
        made = [FileEntry(FilePath("s3", path.authority, key), "directory") for key in folders]
        return made + files

    def _head(self, path: FilePath) -> FileEntry:
        reply = self._calls.request("HEAD", path, _GET)
        headers = reply.headers
        extra = {ours: headers[theirs] for theirs, ours in _EXTRA.items() if theirs in headers}
        return FileEntry(
            path,
            "file",
            size=int(headers.get("content-length") or 0),
            modified=_http_date(headers.get("last-modified")),
            etag=headers.get("etag", "").strip('"'),
            storage_class=headers.get("x-amz-storage-class", "STANDARD"),
            extra=extra,
        )

    def _is_folder(self, path: FilePath) -> bool:
        if not path.key:
            return True
        prefix = _folder(path.key)
        page = self._list(path, prefix, limit=1)
        if page.objects:
            # `dir/` with bytes in it and nothing below is an object
            return page.objects[0].key != prefix or not page.objects[0].size
        try:
            return not self._head(FilePath("s3", path.authority, prefix[:-1] + _MARKER)).size
        except PathNotFoundError:
            return False

    def _below(self, path: FilePath, prefix: str) -> Iterator[s3_xml.S3Object]:
        page = self._list(path, prefix)
        yield from page.objects
        while page.token is not None:
            page = self._list(path, prefix, token=page.token)
            yield from page.objects

    def _copy(self, source: FileEntry, target: FilePath) -> None:
        """Copy within S3 and compare; above 5 GiB by parts."""
        from emr_nb.files.s3_copy import copy_object

        copy_object(self._calls, source, target)
        made = self._head(target)
        if made.size != source.size:
            self._delete(target)
            raise FileError("The copy differs from its source", where=str(target))

    def _delete(self, path: FilePath) -> None:
        self._calls.request("DELETE", path, "s3:DeleteObject", retry=Retry.READ)

    def _delete_all(self, path: FilePath, keys: Iterable[str]) -> None:
        batch: list[str] = []
        for key in keys:
            if not s3_xml.can_spell(key):
                self._delete(FilePath("s3", path.authority, key))
                continue
            batch.append(key)
            if len(batch) == 1000:
                self._delete_batch(path, batch)
                batch = []
        if batch:
            self._delete_batch(path, batch)

    def _delete_batch(self, path: FilePath, keys: list[str]) -> None:
        body = s3_xml.delete_request(keys)
        md5 = hashlib.md5(body, usedforsecurity=False).digest()
        reply = self._calls.request(
            *("POST", FilePath("s3", path.authority, ""), "s3:DeleteObject"),
            params={"delete": ""},
            headers={
                "Content-MD5": base64.b64encode(md5).decode(),
                "Content-Type": "application/xml",
            },
            body=body,
            retry=Retry.READ,  # deleting again deletes nothing more
            deadline=Deadline.after(_SLOW),
        )
        for failed in s3_xml.parse(reply.content, "DeleteObjects").iter("Error"):
            code, key = failed.findtext("Code") or "", failed.findtext("Key") or ""
            status = 403 if code == "AccessDenied" else 500
            body_text = f"<Error><Code>{code}</Code></Error>"
            raise translate(
                HttpStatusError("S3 failed", status=status, body=body_text),
                str(FilePath("s3", path.authority, key)),
                "s3:DeleteObject",
            )

    def _need_key(self, path: FilePath) -> None:
        if not path.authority or not path.key:
            raise UsageError("This needs a key below a bucket", where=str(path))


def _folder(key: str) -> str:
    return key if not key or key.endswith("/") else key + "/"


def _http_date(text: str | None) -> datetime | None:
    return email.utils.parsedate_to_datetime(text).astimezone(UTC) if text else None


def _beyond_the_end(error: FileError) -> bool:
    return "InvalidRange" in error.what or "HTTP 416" in error.what
