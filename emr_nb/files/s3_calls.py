"""Signed HTTP to S3: which host a bucket answers at, signatures, region redirects."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

from emr_nb.context import ClusterContext
from emr_nb.errors import HttpStatusError, TransportError
from emr_nb.files import s3_xml
from emr_nb.files.s3_errors import CREDENTIALS, translate
from emr_nb.model import Endpoint, FilePath
from emr_nb.transport.base import Deadline, HttpClient, Reply, Retry, Route, StreamingReply
from emr_nb.transport.direct import DirectRoute

_SAFE = "-_.~"
_EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()
_ATTEMPTS = 3  # as signed; a new region and renewed credentials cost one each


class S3Calls:
    """Requests to buckets as one identity; shared by threads.

    S3 is outside the cluster's network, so it is reached directly, whatever the cluster's
    route; a direct route of the cluster is shared and closes our connections with its own.
    """

    def __init__(self, context: ClusterContext) -> None:
        self._access = context.access
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
    ) -> Reply:
        """Send one signed request; raises FileError's leaves, AwsError's or TransportError's."""
        for attempt in range(_ATTEMPTS):
            client, target, signed = self._signed(method, path, params, headers, body)
            try:
                reply = client.request(
                    method, target, content=body, headers=signed, retry=retry, deadline=deadline
                )
            except HttpStatusError as error:
                if attempt + 1 < _ATTEMPTS and self._may_repeat(error, path):
                    continue
                raise translate(error, str(path), action) from error
            if reply.status < 300 or reply.status == 304:
                return reply
            moved = HttpStatusError(
                f"S3 redirects (HTTP {reply.status})",
                status=reply.status,
                body=reply.text[:65536],
                headers=reply.headers,
            )
            if attempt + 1 == _ATTEMPTS or not self._may_repeat(moved, path):
                raise translate(moved, str(path), action)
        raise AssertionError

    @contextmanager
    def stream(
        self, path: FilePath, action: str, headers: Mapping[str, str]
    ) -> Iterator[StreamingReply]:
        """GET one object piece by piece; not repeated once bytes came."""
        for attempt in range(_ATTEMPTS):
            client, target, signed = self._signed("GET", path, None, headers, None)
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
            if attempt + 1 == _ATTEMPTS or not self._may_repeat(moved, path):
                raise translate(moved, str(path), action) from moved

    def _may_repeat(self, error: HttpStatusError, path: FilePath) -> bool:
        """Learn a bucket's region, or renew the credentials; True when that may help."""
        code, _, told = s3_xml.error(error.body)
        region = error.headers.get("x-amz-bucket-region") or told.get("Region") or ""
        with self._lock:
            if region and region != self._regions.get(path.authority, self._access.region):
                self._regions[path.authority] = region
                return True
        refused = code in CREDENTIALS or (not code and error.status in (400, 401))
        return refused and self._access.refused()

    def _signed(
        self,
        method: str,
        path: FilePath,
        params: Mapping[str, str] | None,
        headers: Mapping[str, str] | None,
        body: bytes | None,
    ) -> tuple[HttpClient, str, dict[str, str]]:
        with self._lock:
            region = self._regions.get(path.authority) or self._access.region
        base, prefix = self._place(path.authority, region)
        target = f"{prefix}/{quote(path.key, safe=_SAFE + '/', errors='surrogateescape')}"
        if params is not None:
            query = urlencode(params, quote_via=quote, safe=_SAFE)
            target += "?" + query
        digest = hashlib.sha256(body).hexdigest() if body else _EMPTY_SHA256
        signed = self._access.sign(
            method, base + target, headers, body_sha256=digest, region=region
        )
        return self._client(base), target, signed

    def _place(self, bucket: str, region: str) -> tuple[str, str]:
        """Return base URL and path prefix of a bucket: its own host on AWS, else a path."""
        base = self._access.endpoint("s3")
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
