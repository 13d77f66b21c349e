"""Listings of S3: signed ListObjectsV2, the next page on its way while one is looked at."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Generator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import MappingProxyType

from emr_nb.errors import EmrError
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.model import FileEntry, FilePath
from emr_nb.transport.waits import interruptible

LIST = "s3:ListBucket"
MARKER = "_$folder$"  # what EMRFS puts beside a folder
PAGE = 1000
_KEPT = 4  # pages ahead that wait for somebody
_FRESH = 15.0  # seconds that a page fetched ahead is taken for the present
_NOTHING: Mapping[str, str] = MappingProxyType({})
_Ahead = tuple[str, str, str]  # bucket, prefix, token


class Lister:
    """Asks for pages of one identity's buckets; shared by threads."""

    def __init__(self, calls: S3Calls) -> None:
        self._calls = calls
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: OrderedDict[_Ahead, tuple[float, Future[bytes]]] = OrderedDict()

    def page(
        self,
        path: FilePath,
        prefix: str,
        *,
        delimiter: str = "",
        token: str | None = None,
        after: str = "",
        limit: int | None = None,
    ) -> s3_xml.Listing:
        """Ask for one page of keys below a prefix."""
        return s3_xml.listing(self._body(path, prefix, delimiter, token, after, limit or PAGE))

    def folder(self, path: FilePath, prefix: str, token: str | None) -> s3_xml.Listing:
        """Ask for one page of a folder; what comes after it is fetched meanwhile."""
        body = self._kept((path.authority, prefix, token)) if token is not None else None
        if body is None:
            body = self._body(path, prefix, "/", token, "", PAGE)
        following = s3_xml.next_token(body)
        if following is not None:
            self._fetch((path.authority, prefix, following), path)
        return s3_xml.listing(body)

    def pages(
        self,
        path: FilePath,
        prefix: str,
        *,
        delimiter: str = "",
        token: str | None = None,
        after: str = "",
    ) -> Generator[s3_xml.Listing, None, None]:
        """Yield all pages, each asked for while the one before is looked at."""
        body = self._body(path, prefix, delimiter, token, after, PAGE)
        if (token := s3_xml.next_token(body)) is None:
            yield s3_xml.listing(body)
            return
        pool = ThreadPoolExecutor(1, "s3-list")
        try:
            while token is not None:
                coming = pool.submit(self._body, path, prefix, delimiter, token, "", PAGE)
                yield s3_xml.listing(body)
                with interruptible():
                    body = coming.result()
                token = s3_xml.next_token(body)
            yield s3_xml.listing(body)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    # -- inside ---------------------------------------------------------------------------

    def _body(
        self,
        path: FilePath,
        prefix: str,
        delimiter: str,
        token: str | None,
        after: str,
        limit: int,
    ) -> bytes:
        params = {"encoding-type": "url", "list-type": "2", "max-keys": str(limit)}
        params["prefix"] = prefix
        if delimiter:
            params["delimiter"] = delimiter
        if token is not None:
            params["continuation-token"] = token
        elif after:
            params["start-after"] = after
        bucket = FilePath("s3", path.authority, "")
        return self._calls.request("GET", bucket, LIST, params=params, about=path).content

    def _fetch(self, key: _Ahead, path: FilePath) -> None:
        with self._lock:
            if key in self._ahead:
                return
            if self._pool is None:
                self._pool = ThreadPoolExecutor(2, "s3-ahead")
            coming = self._pool.submit(self._body, path, key[1], "/", key[2], "", PAGE)
            self._ahead[key] = (time.monotonic(), coming)
            while len(self._ahead) > _KEPT:
                self._ahead.popitem(last=False)[1][1].cancel()

    def _kept(self, key: _Ahead) -> bytes | None:
        with self._lock:
            at, coming = self._ahead.pop(key, (0.0, None))
        if coming is None or time.monotonic() - at > _FRESH:
            return None
        try:
            with interruptible():
                return coming.result()
        except EmrError:  # it was nobody's question yet; asked again, it fails in the open
            return None


def entry_of(bucket: str, found: s3_xml.S3Object) -> FileEntry:
    """Return an object of a listing as an entry."""
    return FileEntry(
        FilePath("s3", bucket, found.key),
        "file",
        size=found.size,
        modified=s3_xml.moment(found.modified),
        etag=found.etag,
        storage_class=found.storage_class,
        extra=_NOTHING,
    )


def folder_entry(bucket: str, key: str) -> FileEntry:
    """Return the entry of a common prefix."""
    return FileEntry(FilePath("s3", bucket, key), "directory", extra=_NOTHING)


def folder_key(key: str) -> str:
    """Return the prefix that a folder's keys have."""
    return key if not key or key.endswith("/") else key + "/"


def marked_folder(found: s3_xml.S3Object) -> str:
    """Return the folder that an empty marker object stands for, else nothing."""
    if found.size:
        return ""
    if found.key.endswith(MARKER):
        return found.key[: -len(MARKER)] + "/"
    return found.key if found.key.endswith("/") else ""
