"""One side of one case against the stub, in a process of its own: `SIDE CASE PORT COUNT`.

Prints seconds, processor seconds, memory above the start, what was found and when the first
thousand were. A client is imported and made before the clock starts.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

BUCKET = "bench"
_THREADS = 16


class Ours:
    """emr_nb's S3 file system, as `%emr find` and `%emr cat` use it, by its own HTTP."""

    has_bulk = False

    def __init__(self, url: str) -> None:

        import emr_nb.transport.http  # noqa: F401 -- an attach has loaded it
        from emr_nb.aws.access import AwsAccess
        from emr_nb.aws.credentials import Credentials
        from emr_nb.context import ClusterContext
        from emr_nb.files.s3 import S3
        from emr_nb.model import Cluster, FilePath
        from emr_nb.settings import Settings
        from emr_nb.transport.direct import DirectRoute

        absent: Any = None
        given = Credentials("AKIA", "secret")
        access = AwsAccess(region="us-east-1", endpoint_url=url, credentials=given)
        access.endpoint("s3")
        access.current()  # botocore, and the credentials: an attach has asked the EMR API by them
        context = ClusterContext(
            *(Cluster("j-B", "bench", "WAITING"), (), DirectRoute(), access, absent),
            settings=Settings(),
            user="ada",
        )
        self._fs, self._path = S3(context), lambda key: FilePath("s3", BUCKET, key)
        if not self.has_bulk:
            self._fs._bulk = None
        elif self._fs._bulk is None:
            raise RuntimeError("obstore is not installed")

    def keys(self) -> Iterator[str]:
        for entry in self._fs.walk(self._path("t/")):
            if not entry.is_directory:
                yield entry.path.key

    def get(self, key: str) -> int:
        return sum(map(len, self._fs.read(self._path(key))))


class Fast(Ours):
    """The same with the extra `fast-s3`."""

    has_bulk = True


class Boto3:
    """boto3's paginator and `get_object`."""

    def __init__(self, url: str) -> None:
        import boto3
        from botocore.config import Config

        config = Config(s3={"addressing_style": "path"}, max_pool_connections=_THREADS)
        self._s3 = boto3.client(
            *("s3", "us-east-1"),
            endpoint_url=url,
            aws_access_key_id="AKIA",
            aws_secret_access_key="secret",
            config=config,
        )

    def keys(self) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="t/")
        for page in pages:
            for found in page.get("Contents", []):
                yield found["Key"]

    def get(self, key: str) -> int:
        return len(self._s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())


class S3fs:
    """s3fs's `find` and `cat_file`."""

    def __init__(self, url: str) -> None:
        import s3fs

        self._fs = s3fs.S3FileSystem(key="AKIA", secret="secret", endpoint_url=url)

    def keys(self) -> Iterator[str]:
        for found in self._fs.find(f"{BUCKET}/t/"):
            yield found[len(BUCKET) + 1 :]

    def get(self, key: str) -> int:
        return len(self._fs.cat_file(f"{BUCKET}/{key}"))

    def get_all(self, keys: list[str]) -> int:
        return sum(map(len, self._fs.cat([f"{BUCKET}/{key}" for key in keys]).values()))


class Obstore:
    """obstore, the bound of what is listed and read."""

    def __init__(self, url: str) -> None:
        import obstore
        from obstore.store import S3Store

        self._obstore = obstore
        self._store = S3Store(
            BUCKET, region="us-east-1", endpoint=url,
            access_key_id="AKIA", secret_access_key="secret",
            client_options={"allow_http": True}, virtual_hosted_style_request=False,
        )  # fmt: skip

    def keys(self) -> Iterator[str]:
        for page in self._obstore.list(self._store, prefix="t", chunk_size=1000):
            for found in page:
                yield found["path"]

    def get(self, key: str) -> int:
        return len(self._obstore.get(self._store, key).bytes())


SIDES: dict[str, Callable[[str], Any]] = {
    "emr_nb": Ours,
    "emr_nb[fast-s3]": Fast,
    "boto3": Boto3,
    "s3fs": S3fs,
    "obstore": Obstore,
}


def peak() -> int:
    """Return the most memory that this process had, in bytes; rusage counts its parent's too."""
    text = Path("/proc/self/status").read_text()
    return int(text.partition("VmHWM:")[2].split()[0]) * 1024


def cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def listed(side: Any, count: int) -> dict[str, Any]:
    """Consume all keys as they come; `first` is when a page of them was there."""
    began, first, found, digest = time.perf_counter(), 0.0, 0, 0
    for key in side.keys():  # noqa: SIM118 -- it is no dictionary
        found += 1
        digest ^= hash_of(key)
        if found == 1000:
            first = time.perf_counter() - began
    assert found == count, (found, count)
    return {"seconds": time.perf_counter() - began, "first": first, "digest": digest}


def hash_of(key: str) -> int:
    import zlib

    return zlib.crc32(key.encode())


def many(side: Any, count: int) -> dict[str, Any]:
    """Read small objects, each side by what it has for many: ours and boto3's by threads."""
    keys = [f"small/{number}" for number in range(count)]
    began = time.perf_counter()
    if hasattr(side, "get_all"):
        got = side.get_all(keys)
    else:
        with ThreadPoolExecutor(_THREADS) as pool:
            got = sum(pool.map(side.get, keys))
    assert got == count * 16 * 1024, got
    return {"seconds": time.perf_counter() - began}


def large(side: Any, count: int) -> dict[str, Any]:
    """Read one large object of so many bytes."""
    began = time.perf_counter()
    assert side.get("large") == count
    return {"seconds": time.perf_counter() - began}


def main() -> None:
    name, case, port, count = sys.argv[1:]
    side = SIDES[name](f"http://127.0.0.1:{port}")
    before, used = peak(), cpu()
    told = {"list": listed, "many": many, "large": large}[case](side, int(count))
    print(json.dumps({**told, "cpu": cpu() - used, "memory": peak() - before}))


if __name__ == "__main__":
    main()
