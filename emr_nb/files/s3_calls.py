"""Signed HTTP to S3: which host a bucket answers at, signatures, region redirects."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

from emr_nb.aws.access import AwsAccess, Credentials
from emr_nb.context import ClusterContext
from emr_nb.errors import EmrError, HttpStatusError, TransportError
from emr_nb.files import s3_xml
from emr_nb.files.s3_errors import CREDENTIALS, principal_of, translate
from emr_nb.model import Endpoint, FilePath
from emr_nb.transport.base import Deadline, HttpClient, Reply, Retry, Route, StreamingReply
from emr_nb.transport.direct import DirectRoute

log = logging.getLogger(__name__)

_SAFE = "-_.~"
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_ATTEMPTS = 3  # as signed; a new region and renewed credentials cost one each
_BUSY = frozenset({429, 500, 502, 503, 504})
_AFTER_500 = 0.2  # seconds, more after the second
_DAMAGED = frozenset({"BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"})


class S3Calls:
    """Requests to buckets; shared by threads.

    S3 is outside the cluster's network, so it is reached directly, whatever the cluster's
    route; a direct route of the cluster is shared and closes our connections with its own.
    `access_of` says as whom a path is asked for. With `requester_pays` we pay for requests
    to buckets whose owner does not.
    """

    def __init__(
        self,
        context: ClusterContext,
        *,
        access_of: Callable[[FilePath], AwsAccess] | None = None,
        requester_pays: bool = False,
    ) -> None:
        self._home = context.access
        self._access_of = access_of or (lambda _: context.access)
        self._extra = {"x-amz-request-payer": "requester"} if requester_pays else {}
        direct = context.route.name == "direct"
        self._route: Route = (
            context.route if direct else DirectRoute(context.settings.request_timeout)
        )
        self._lock = threading.Lock()
        self._clients: dict[str, HttpClient] = {}
        self._regions: dict[str, str] = {}

    def request(
        self,
        method: str,
        path: FilePath,
        action: str,
        *,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        retry: Retry | None = None,
        deadline: Deadline | None = None,
        about: FilePath | None = None,
    ) -> Reply:
        """Send one signed request; raises FileError's leaves, AwsError's or TransportError's.

        `about` is the path that is asked about, where that is not the one of the request.
        """
        about = about or path
        for attempt in range(_ATTEMPTS):
            client, target, signed, seen = self._signed(method, path, about, params, headers, body)
            try:
                reply = client.request(
                    method, target, content=body, headers=signed, retry=retry, deadline=deadline
                )
            except HttpStatusError as error:
                if attempt + 1 < _ATTEMPTS and self._may_repeat(error, about, seen):
                    continue
                safe = retry is Retry.READ or (retry is None and method in ("GET", "HEAD"))
                if attempt + 1 < _ATTEMPTS and error.status == 500 and safe:
                    time.sleep(_AFTER_500 * (attempt + 1))  # S3's own advice
                    continue
                raise self.failure(self._told(method, path, error), about, action) from error
            if reply.status < 300 or reply.status == 304:
                return reply
            moved = HttpStatusError(
                f"S3 redirects (HTTP {reply.status})",
                status=reply.status,
                body=reply.text[:65536],
                headers=reply.headers,
            )
            if attempt + 1 == _ATTEMPTS or not self._may_repeat(moved, about, seen):
                raise self.failure(moved, about, action)
        raise AssertionError

    @contextmanager
    def stream(
        self,
        path: FilePath,
        action: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
    ) -> Iterator[StreamingReply]:
        """GET one object piece by piece; not repeated once bytes came.

        Where S3 is busy, that is raised as HttpStatusError for the reader to try again.
        """
        for attempt in range(_ATTEMPTS):
            client, target, signed, seen = self._signed("GET", path, path, params, headers, None)
            try:
                with client.stream("GET", target, headers=signed) as stream:
                    if stream.status < 300:
                        yield stream
                        return
                    body = b"".join(stream.chunks())
                    moved = HttpStatusError(
                        f"S3 redirects (HTTP {stream.status})",
                        status=stream.status,
                        body=body.decode("utf-8", "replace"),
                        headers=stream.headers,
                    )
            except HttpStatusError as error:
                moved = error
            if attempt + 1 < _ATTEMPTS and self._may_repeat(moved, path, seen):
                continue
            if moved.status in _BUSY:  # the reader knows how far it has come, and waits
                raise moved
            raise self.failure(moved, path, action) from moved

    def failure(self, error: HttpStatusError, path: FilePath, action: str) -> EmrError:
        """Return what S3's answer means, with the principal that asked where it was denied."""
        denied = error.status == 403 and s3_xml.error(error.body)[0] not in CREDENTIALS
        principal = principal_of(self.access_of(path)) if denied else ""
        return translate(error, str(path), action, principal)

    def access_of(self, path: FilePath) -> AwsAccess:
        """Return the identity that a path is asked for as."""
        return self._access_of(path)

    def region_of(self, bucket: str) -> str:
        """Return the region that a bucket was last found in, else the cluster's."""
        with self._lock:
            return self._regions.get(bucket) or self._home.region

    def place(self, bucket: str) -> tuple[str, str]:
        """Return base URL and path prefix that a bucket answers at."""
        return self._place(bucket, self.region_of(bucket))

    # -- inside ---------------------------------------------------------------------------

    def _told(self, method: str, path: FilePath, error: HttpStatusError) -> HttpStatusError:
        """Learn why a HEAD failed: its answer has no body, that of a GET of one byte has."""
        if method != "HEAD" or not path.key or error.status not in (400, 403):
            return error
        client, target, signed, _ = self._signed(
            "GET", path, path, None, {"Range": "bytes=0-0"}, None
        )
        try:
            client.request("GET", target, headers=signed, retry=Retry.READ)
        except HttpStatusError as told:
            return told if told.status == error.status else error
        except TransportError:
            pass
        return error

    def _may_repeat(self, error: HttpStatusError, path: FilePath, seen: Credentials) -> bool:
        """Learn a bucket's region, or renew the credentials; True when that may help."""
        code, _, told = s3_xml.error(error.body)
        region = error.headers.get("x-amz-bucket-region") or told.get("Region") or ""
        with self._lock:
            known = self._regions.get(path.authority, self._home.region)
            if region and region != known:
                self._regions[path.authority] = region
                log.info("s3://%s is in %s, not in %s", path.authority, region, known)
                return True
        if code in _DAMAGED:  # what was sent was not what arrived, and nothing was stored
            return True
        refused = code in CREDENTIALS or (not code and error.status in (400, 401))
        return refused and self.access_of(path).refused(seen)

    def _signed(
        self,
        method: str,
        path: FilePath,
        about: FilePath,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
    ) -> tuple[HttpClient, str, dict[str, str], Credentials]:
        access, region = self.access_of(about), self.region_of(path.authority)
        base, prefix = self._place(path.authority, region)
        target = f"{prefix}/{quote(path.key, safe=_SAFE + '/', errors='surrogateescape')}"
        if params is not None:
            query = urlencode(params, quote_via=quote, safe=_SAFE)
            target += "?" + query
        digest = hashlib.sha256(body).hexdigest() if body else _EMPTY_SHA256
        wanted = {**self._extra, **(headers or {})} if path.authority else headers
        seen = access.current()
        signed = access.sign(method, base + target, wanted, body_sha256=digest, region=region)
        return self._client(base), target, signed, seen

    def _place(self, bucket: str, region: str) -> tuple[str, str]:
        """Return base URL and path prefix of a bucket: its own host on AWS, else a path."""
        base = self._home.endpoint("s3")
        parts = urlsplit(base)
        host = parts.hostname or ""
        if not host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
            return base, f"/{bucket}" if bucket else ""
        suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
        regional = f"s3.{region}.{suffix}"
        if not bucket:
            return f"{parts.scheme}://{regional}", ""
        if "." in bucket:  # a wildcard certificate does not cover it
            return f"{parts.scheme}://{regional}", f"/{bucket}"
        return f"{parts.scheme}://{bucket}.{regional}", ""

    def _client(self, base: str) -> HttpClient:
        with self._lock:
            if base not in self._clients:
                parts = urlsplit(base)
                if parts.scheme not in ("http", "https") or not parts.hostname:
                    raise TransportError(f"{base} is no address of S3")
                port = parts.port or (443 if parts.scheme == "https" else 80)
                self._clients[base] = self._route.http(
                    Endpoint("s3", parts.hostname, port, parts.scheme)
                )
            return self._clients[base]
