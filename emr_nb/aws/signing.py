"""SigV4 signatures, in the form that S3 takes, for HTTP requests of our own."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from emr_nb.aws.clients import frozen
from emr_nb.aws.credentials import Credentials
from emr_nb.aws.quick_signing import s3_headers

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"


class _SignThePayload:
    """The part of a client's configuration that S3's signer looks at."""

    @property
    def s3(self) -> Mapping[str, bool]:
        return {"payload_signing_enabled": True}


def sign_request(
    credentials: Credentials,
    region: str,
    service: str,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    body_sha256: str,
) -> dict[str, str]:
    """Return the headers with the signature's added; `body_sha256` replaces hashing `body`."""
    if service == "s3" and body_sha256:
        now = datetime.now(UTC)
        return s3_headers(credentials, region, method, url, headers, body_sha256, now)
    from botocore.auth import S3SigV4Auth
    from botocore.awsrequest import AWSRequest

    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    signer = S3SigV4Auth(frozen(credentials), service, region)
    if body_sha256:
        # the instance's own attribute stands before the method that hashes the body
        signer.payload = lambda _request: body_sha256  # type: ignore[method-assign,assignment]
    else:
        request.context["client_config"] = _SignThePayload()
    signer.add_auth(request)
    return {str(name): str(value) for name, value in request.headers.items()}
