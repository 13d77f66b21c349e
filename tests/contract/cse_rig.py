"""Objects written by the AWS SDK for Java v1's encryption clients, live or as recorded.

`python tests/contract/cse_rig.py` writes the recording anew: it runs `CseWriter` on the JRE
and jars of the local cluster's cache against moto's S3 and KMS, and keeps what is stored with
the KMS key's material. It only holds objects that are small.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
RECORDED = HERE / "cse_recorded.json"
ACCOUNT, REGION = "123456789012", "us-east-1"
SIZES = (0, 1, 15, 16, 17, 1000)
LARGE = 2 * 5 * 2**20 + 1000


def plain(size: int) -> bytes:
    """What every object holds, as CseWriter's `content` makes it."""
    period = bytes((i * 31 + i // 251) & 0xFF for i in range(251 * 256))
    return (period * (size // len(period) + 1))[:size]


def kms_key() -> Any:
    """Make a key in moto, and return it."""
    from moto.kms.models import kms_backends

    backend = kms_backends[ACCOUNT][REGION]
    return backend.create_key(
        policy="", key_usage="ENCRYPT_DECRYPT", key_spec="SYMMETRIC_DEFAULT",
        description="", tags=[], multi_region=False,
    )  # fmt: skip


def bucket(name: str) -> None:
    from moto.s3.models import s3_backends

    s3_backends[ACCOUNT]["aws"].create_bucket(name, REGION)


def run_java(cache_home: Path, url: str, bucket: str, key: str, *what: str) -> None:
    """Run CseWriter; raises with its words when it fails."""
    from emr_nb.local.compiling import JavaSources
    from emr_nb.local.parts import Cache

    cache = Cache(cache_home)
    castle = [jar for jar in cache.jars("hdfs") if jar.name.startswith("bcprov")]  # for GCM
    jars = [*cache.jars("s3a"), *castle, *sorted((cache.spark() / "jars").glob("*.jar"))]
    sources = JavaSources(
        "the CSE writer", "cse", HERE / "cse_java", against=("s3a", "hdfs", "spark"), classpath=jars
    )
    jar = sources.jar(cache)
    done = subprocess.run(
        [
            *(str(cache.java() / "bin" / "java"), "-Xmx256m", "-XX:+UseSerialGC"),
            *("-Dcom.amazonaws.sdk.disableEc2Metadata=true", "-cp"),
            *(":".join(map(str, [jar, *jars])), "CseWriter", url, bucket, key, *what),
        ],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-4000:]


def stored(name: str) -> dict[str, dict[str, Any]]:
    """Return all small objects of a bucket as they are stored."""
    from moto.s3.models import s3_backends

    keys = s3_backends[ACCOUNT]["aws"].buckets[name].keys
    return {
        key: {
            "body": base64.b64encode(keys[key].value).decode(),
            "metadata": dict(keys[key].metadata),
        }
        for key in keys
        if len(keys[key].value) < 10_000
    }


def restore(name: str) -> str:
    """Put the recording into moto; returns the key's id."""
    from moto.kms.models import kms_backends
    from moto.s3.models import s3_backends

    told = json.loads(RECORDED.read_text())
    key = kms_key()
    backend = kms_backends[ACCOUNT][REGION]
    del backend.keys[key.id]
    key.id, key.key_material = told["key"], base64.b64decode(told["material"])
    backend.keys[key.id] = key
    bucket(name)
    s3 = s3_backends[ACCOUNT]["aws"]
    for path, item in told["objects"].items():
        s3.put_object(name, path, base64.b64decode(item["body"])).set_metadata(item["metadata"])
    return str(key.id)


def main() -> None:
    from emr_nb.local.aws_server.server import AwsServer
    from emr_nb.settings import Settings

    with AwsServer() as server:
        bucket("recording")
        key = kms_key()
        run_java(Settings().cache_home, server.url, "recording", key.id, "write")
        told = {
            "key": key.id,
            "material": base64.b64encode(key.key_material).decode(),
            "objects": stored("recording"),
        }
    RECORDED.write_text(json.dumps(told, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    sys.exit(main())
