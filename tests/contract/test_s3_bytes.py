"""Bytes of S3: side by side and in bounds, of one object, as the identity that may."""

from __future__ import annotations

import json
import secrets
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
from s3_rig import ACCOUNT, REGION, new_bucket, put, s3_at

from emr_nb.errors import FileError, PathDeniedError
from emr_nb.files import s3_bulk, s3_read
from emr_nb.model import FilePath
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import content, every_entry

pytest.importorskip("moto", reason="needs emr-nb[local]")

WINDOW = 100_000


@pytest.fixture
def small(monkeypatch):
    """Windows of 100 kB, so that a megabyte is a large object."""
    monkeypatch.setattr(s3_read, "WINDOW", WINDOW)


@pytest.fixture
def large():
    path = new_bucket().child("large")
    data = secrets.token_bytes(1_050_003)
    put(FilePath("s3", path.authority, ""), "large", data)
    return path, data


# -- reading ------------------------------------------------------------------------------


def test_ranges_come_whole_and_in_order(small, fs, proxy, large):
    path, data = large
    assert content(fs, path) == data
    assert proxy.count("/large", "GET") == 11
    for start, length in (
        (0, WINDOW),
        (1, WINDOW),
        (WINDOW - 1, 2),
        (77, 456_789),
        (900_000, None),
    ):
        end = None if length is None else start + length
        assert content(fs, path, start, length) == data[start:end]


def test_a_slow_reader_holds_no_more_than_a_few_windows(small, fs, proxy, large):
    path, data = large
    reader = fs.read(path)
    got = next(reader)
    for _ in range(50):  # time in which more would be asked for, if anything did
        if proxy.count("/large", "GET") > 5:
            break
        threading.Event().wait(0.01)
    assert proxy.count("/large", "GET") <= 5
    assert got + b"".join(reader) == data


def test_each_range_goes_on_where_it_broke(small, fs, proxy, large):
    path, data = large
    proxy.add(Rule("GET", "/large", "truncate", after_bytes=30_000, skip=2, times=5))
    proxy.add(Rule("GET", "/large", "status", status=503, skip=4, times=2))
    assert content(fs, path) == data


def test_ranges_of_a_replaced_object_are_never_mixed(small, fs, large):
    path, _ = large
    reader = fs.read(path)
    next(reader)
    fs.write(path, [b"2" * 1_050_003], overwrite=True)
    with pytest.raises(FileError, match="replaced"):
        for _ in reader:
            pass


def test_damage_in_a_later_range_is_noticed(small, fs, proxy, large):
    path, _ = large
    fs._calls.request("PUT", path, "s3:PutObject", body=b"good" * 300_000)
    proxy.add(Rule("GET", "/large", "rewrite", find="goodgood", replace="badbadba", skip=3))
    with pytest.raises(FileError, match="checksum"):
        content(fs, path)


def test_credentials_that_expire_in_mid_transfer_are_read_again_once(small, aws, large):
    path, data = large
    key = f"AKIA{secrets.token_hex(4).upper()}"
    fs = s3_at(aws.url, key)
    fs._bulk = None
    access = fs._home
    loads = []
    given = access._given

    def fresh():
        from emr_nb.aws.credentials import Credentials

        loads.append(1)
        return Credentials("AKIANEW", "secret") if key in aws.expired_keys else given

    access._base = fresh
    reader = fs.read(path)
    got = next(reader)
    aws.expire(key)
    assert got + b"".join(reader) == data
    assert len(loads) == 2  # at first, and once for all threads


def test_obstore_gives_the_same_bytes(small, aws, large):
    pytest.importorskip("obstore", reason="needs emr-nb[fast-s3]")
    path, data = large
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        fs = s3_at(f"http://127.0.0.1:{proxy.port}")
        asked, current = [], fs._home.current
        fs._home.current = lambda: asked.append(1) or current()
        etag = fs.info(path).etag
        assert fs._bulk is not None
        asked.clear()
        for _ in range(3):
            assert fs._bulk.fetch(path, 5, 1005, etag) == data[5:1005]
        assert len(asked) >= 3  # it keeps no credentials
        assert fs._bulk.fetch(path, 5, 1005, "another") is None
        assert content(fs, path) == data
        assert fs._bulk._failures == 0  # it was obstore's work
        odd = FilePath("s3", path.authority, "a//b%20 +")
        fs.write(odd, [data])
        assert content(fs, odd) == data
        reader = fs.read(path)
        next(reader)
        fs.write(path, [b"2" * len(data)], overwrite=True)
        with pytest.raises(FileError, match="replaced"):
            for _ in reader:
                pass


@pytest.mark.parametrize(
    ("key", "fits"),
    [
        *(("a/b=1/part-0.c000.parquet", True), ("x", True), ("a b", False), ("a//b", False)),
        *(("./x", False), ("a/../b", False), ("a/", False), ("/a", False), ("a%20", False)),
        *(("é", False), ("a\n", False), ("...", True), ("a+b", False)),
    ],
)
def test_obstore_gets_plain_keys_only(key, fits):
    assert s3_bulk.can_spell(key) is fits


def test_requester_pays_is_said_where_the_cluster_says_it(aws, large):
    path, data = large
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        url = f"http://127.0.0.1:{proxy.port}"
        fs = s3_at(url, site={"fs.s3.useRequesterPaysHeader": "true"})
        assert content(fs, path) == data
        assert fs._calls._extra == {"x-amz-request-payer": "requester"}
        assert s3_at(url)._calls._extra == {}


def test_slow_down_is_told_when_it_does_not_end(fs, proxy, large, monkeypatch):
    monkeypatch.setattr(s3_read, "_WAITS", (0, 0, 0, 0))
    proxy.add(Rule("GET", "/large", "status", status=503))
    with pytest.raises(FileError, match="slow down"):
        content(fs, large[0])


# -- writing ------------------------------------------------------------------------------


def test_parts_go_side_by_side_and_in_order(fs, proxy):
    path = new_bucket().child("parts")
    proxy.add(Rule("PUT", "partNumber=1&", "delay", seconds=0.5, times=1))
    data = secrets.token_bytes(30_000_000)
    assert fs.write(path, [data]).size == len(data)
    assert content(fs, path) == data


def test_a_part_that_arrived_damaged_is_sent_again(fs, proxy):
    body = b"<Error><Code>BadDigest</Code><Message>m</Message></Error>"
    proxy.add(Rule("PUT", "partNumber=2", "instead", status=400, body=body, times=1))
    path = new_bucket().child("parts")
    assert fs.write(path, [bytes(20_000_000)]).size == 20_000_000


def test_an_upload_that_a_killed_process_left_is_aborted_by_the_next(aws, tmp_path: Path):
    bucket = new_bucket()
    code = (
        "import os, sys; sys.path.insert(0, sys.argv[1])\n"
        "from pathlib import Path\n"
        "from s3_rig import s3_at\n"
        "from emr_nb.model import FilePath\n"
        "fs = s3_at(sys.argv[2], data_home=Path(sys.argv[3]))\n"
        "def chunks():\n"
        "    for _ in range(30): yield bytes(1_000_000)\n"
        "    os._exit(9)\n"
        "fs.write(FilePath('s3', sys.argv[4], 'killed'), chunks())\n"
    )
    here = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", code, here, aws.url, str(tmp_path), bucket.authority],
        timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 9
    assert _uploads(bucket) == ["killed"]
    fs = s3_at(aws.url, data_home=tmp_path)
    fs.write(bucket.child("small"), [b"x"])
    assert _uploads(bucket) == ["killed"]  # what is no upload by parts looks for none
    fs.write(bucket.child("next"), [bytes(9_000_000)])
    assert _uploads(bucket) == []
    assert list((tmp_path / "uploads").iterdir()) == []
    assert {entry.name for entry in every_entry(fs, bucket)} == {"small", "next"}


def test_uploads_that_run_are_left_alone(aws, tmp_path: Path):
    bucket = new_bucket()
    fs, other = (s3_at(aws.url, data_home=tmp_path) for _ in range(2))

    def chunks():
        yield bytes(9_000_000)
        yield bytes(9_000_000)
        other.write(bucket.child("other"), [bytes(9_000_000)])
        yield bytes(9_000_000)

    assert fs.write(bucket.child("slow"), chunks()).size == 27_000_000
    assert _uploads(bucket) == []


@contextmanager
def interrupted_when(proxy: FaultProxy, target: str, count: int):
    """Send this thread an interrupt once so many calls have reached the proxy."""
    here, over = threading.get_ident(), threading.Event()

    def send():
        while not over.is_set() and proxy.count(target) < count:
            over.wait(0.01)
        if not over.is_set():
            signal.pthread_kill(here, signal.SIGINT)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        yield
    finally:
        over.set()
        sender.join()


def test_an_interrupt_while_parts_are_on_their_way_aborts_them(fs, proxy):
    bucket = new_bucket()
    proxy.add(Rule("PUT", "partNumber", "delay", seconds=1.0))
    with pytest.raises(KeyboardInterrupt), interrupted_when(proxy, "partNumber", 2):
        fs.write(bucket.child("x"), [bytes(20_000_000)])
    assert _uploads(bucket) == []
    assert every_entry(fs, bucket) == []


def test_an_interrupt_while_a_range_is_awaited_ends_the_read(small, fs, proxy, large):
    proxy.add(Rule("GET", "/large", "delay", seconds=1.0, skip=1))
    with pytest.raises(KeyboardInterrupt), interrupted_when(proxy, "/large", 3):
        content(fs, large[0])


def _uploads(bucket: FilePath) -> list[str]:
    from moto.s3.models import s3_backends

    found = s3_backends[ACCOUNT]["aws"].buckets[bucket.authority].multiparts
    return [upload.key_name for upload in found.values()]


# -- who ----------------------------------------------------------------------------------


def test_a_mapped_role_asks_for_its_prefix_and_the_browser_says_so(aws):
    from moto.emr.models import emr_backends

    bucket = new_bucket()
    put(bucket, "secret/x", b"1")
    put(bucket, "open/x", b"2")
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    mapping = {
        "Role": role,
        "IdentifierType": "Prefix",
        "Identifiers": [f"s3://{bucket.authority}/secret/"],
    }
    told = {"AuthorizationConfiguration": {"EmrFsConfiguration": {"RoleMappings": [mapping]}}}
    name = f"sec-{secrets.token_hex(3)}"
    emr_backends[ACCOUNT][REGION].create_security_configuration(name, json.dumps(told))
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        fs = s3_at(f"http://127.0.0.1:{proxy.port}", security=name)
        assert content(fs, bucket.child("secret/x")) == b"1"
        assert content(fs, bucket.child("open/x")) == b"2"
        assert fs.identity(bucket.child("secret/x")) == role
        assert fs.identity(bucket.child("open/x")) == "your AWS identity"
        facts = dict(fs.detail(bucket.child("secret/x")).facts)
        assert role in facts["Read as"]
        assert "prefix" in facts["Read as"]
        assert "instance profile" in dict(fs.detail(bucket.child("open/x")).facts)["Read as"]


def test_a_role_that_we_may_not_assume_is_said_and_our_own_identity_reads(aws):
    from moto.emr.models import emr_backends

    bucket = new_bucket()
    put(bucket, "x", b"1")
    role = f"arn:aws:iam::{ACCOUNT}:role/reader"
    mapping = {"Role": role, "IdentifierType": "User", "Identifiers": ["anna"]}
    told = {"AuthorizationConfiguration": {"EmrFsConfiguration": {"RoleMappings": [mapping]}}}
    name = f"sec-{secrets.token_hex(3)}"
    emr_backends[ACCOUNT][REGION].create_security_configuration(name, json.dumps(told))
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        denied = (
            b"<ErrorResponse><Error><Code>AccessDenied</Code><Message>not authorized to perform: "
            b"sts:AssumeRole</Message></Error></ErrorResponse>"
        )
        fs = s3_at(f"http://127.0.0.1:{proxy.port}", security=name)
        fs._home.endpoint("s3")
        proxy.add(Rule("POST", "^/$", "instead", status=403, body=denied, skip=1))
        assert content(fs, bucket.child("x")) == b"1"
        told_as = dict(fs.detail(bucket.child("x")).facts)["Read as"]
        assert "your own identity" in told_as
        assert role in told_as


def test_denied_names_permission_principal_and_key(fs, proxy):
    arn = "arn:aws:kms:eu-west-1:1:key/k"
    said = (
        "User: arn:aws:sts::1:assumed-role/analyst/anna is not authorized to perform: kms:Decrypt "
        f"on resource: {arn} because no identity-based policy allows the kms:Decrypt action"
    )
    body = f"<Error><Code>AccessDenied</Code><Message>{said}</Message></Error>".encode()
    bucket = new_bucket()
    put(bucket, "x", b"1")
    proxy.add(Rule("GET", "/x", "instead", status=403, body=body))
    with pytest.raises(PathDeniedError) as caught:
        content(fs, bucket.child("x"))
    for word in ("kms:Decrypt", "assumed-role/analyst/anna", arn, "/x"):
        assert word in str(caught.value)
    proxy.clear()
    plain = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    proxy.add(Rule("GET|HEAD", "/x", "instead", status=403, body=plain))
    for act in (lambda: content(fs, bucket.child("x")), lambda: fs.info(bucket.child("x"))):
        with pytest.raises(PathDeniedError) as caught:
            act()
        assert "s3:GetObject" in str(caught.value)
        assert f"arn:aws:sts::{ACCOUNT}:user/moto" in str(caught.value)
