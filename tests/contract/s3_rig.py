"""S3 file systems on the local cluster's AWS server, in this process."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.context import ClusterContext
from emr_nb.files.s3 import S3, S3Factory
from emr_nb.model import Cluster, Configuration, FilePath
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute

ACCOUNT, REGION = "123456789012", "us-east-1"


def s3_at(url: str, access_key: str = "AKIATEST", **more: Any) -> S3:
    """Return the file system of a cluster with these emrfs-site properties."""
    return S3Factory()(s3_context(url, access_key, **more))


def s3_context(
    url: str,
    access_key: str = "AKIATEST",
    *,
    data_home: Path | None = None,
    site: dict[str, str] | None = None,
    release: str = "emr-6.15.0",
    security: str = "",
) -> ClusterContext:
    """Return the context of such a cluster."""
    absent: Any = None
    return ClusterContext(
        cluster=Cluster(
            *("j-TEST", "test", "WAITING"),
            release=release,
            security_configuration=security,
            configurations=(Configuration("emrfs-site", site or {}),),
        ),
        services=(),
        route=DirectRoute(),
        access=AwsAccess(
            region=REGION, endpoint_url=url, credentials=Credentials(access_key, "secret")
        ),
        journal=absent,
        settings=Settings(request_timeout=20, **({"data_home": data_home} if data_home else {})),
        user="anna",
    )


def new_bucket(name: str = "") -> FilePath:
    """Make a bucket in moto."""
    from moto.s3.models import s3_backends

    name = name or f"test-{secrets.token_hex(6)}"
    s3_backends[ACCOUNT]["aws"].create_bucket(name, REGION)
    return FilePath("s3", name, "")


def put(
    bucket: FilePath, key: str, body: bytes = b"x", metadata: dict[str, str] | None = None
) -> None:
    """Put an object into moto, beside the network."""
    from moto.s3.models import s3_backends

    made = s3_backends[ACCOUNT]["aws"].put_object(bucket.authority, key, body)
    if metadata:
        made.set_metadata(metadata)
