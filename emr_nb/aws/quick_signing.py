"""SigV4 for S3 in a tenth of botocore's time: a listing or a small read is mostly signing.

Only the form that S3 takes (the path as it is spelled) with the body's hash given. botocore is
the control in our tests and signs everything else.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime

from emr_nb.aws.credentials import Credentials

_ALGORITHM = "AWS4-HMAC-SHA256"
_UNSIGNED = frozenset({"connection", "expect", "te", "transfer-encoding", "user-agent"})
_OURS = frozenset({"x-amz-date", "x-amz-security-token", "x-amz-content-sha256", "authorization"})
_PORTS = {"http": ":80", "https": ":443"}


def s3_headers(
    credentials: Credentials,
    region: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body_sha256: str,
    now: datetime,
) -> dict[str, str]:
    """Return the headers with date, token, body hash and signature added; `now` is in UTC."""
    stamp = now.strftime("%Y%m%dT%H%M%SZ")
    signed = {name: value for name, value in headers.items() if name.lower() not in _OURS}
    signed["X-Amz-Date"] = stamp
    if credentials.token:
        signed["X-Amz-Security-Token"] = credentials.token
    signed["X-Amz-Content-SHA256"] = body_sha256
    scheme, _, rest = url.partition("://")
    host, _, target = rest.partition("/")
    path, _, query = target.partition("?")
    named = {name.lower(): " ".join(str(value).split()) for name, value in signed.items()}
    named.setdefault("host", host.removesuffix(_PORTS.get(scheme, "")))
    names = sorted(named.keys() - _UNSIGNED)
    listed = ";".join(names)
    canonical = "\n".join(
        [
            *(method, f"/{path}", _sorted(query)),
            *(f"{name}:{named[name]}" for name in names),
            *("", listed, body_sha256),
        ]
    )
    scope = f"{stamp[:8]}/{region}/s3/aws4_request"
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    key = f"AWS4{credentials.secret_key}".encode()
    for part in (stamp[:8], region, "s3", "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = "\n".join([_ALGORITHM, stamp, scope, digest])
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed["Authorization"] = (
        f"{_ALGORITHM} Credential={credentials.access_key}/{scope}, "
        f"SignedHeaders={listed}, Signature={signature}"
    )
    return signed


def _sorted(query: str) -> str:
    pairs = sorted(pair.partition("=")[::2] for pair in query.split("&")) if query else []
    return "&".join(f"{name}={value}" for name, value in pairs)
