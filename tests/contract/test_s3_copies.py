"""Copies of S3 objects: by S3 itself where it can, and of their true size."""

from __future__ import annotations

import secrets
from pathlib import Path

import cse_rig
import pytest
from s3_rig import new_bucket, put, s3_at

from emr_nb.errors import PathDeniedError, PathExistsError
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.plans import Plan, plan_tree
from emr_nb.files.transfers import run
from emr_nb.files.true_sizes import with_true_sizes
from emr_nb.model import FilePath
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import content

pytest.importorskip("moto", reason="needs emr-nb[local]")

WAYS = ("v1-cbc", "v1-gcm", "v2-gcm")
LOCAL = LocalFileSystem()


@pytest.fixture(scope="module")
def sealed(aws):
    """A bucket of objects that the AWS SDK for Java encrypted, and their key."""
    name = f"cse-{secrets.token_hex(4)}"
    return FilePath("s3", name, ""), cse_rig.restore(name)


def stores(fs):
    return lambda path: fs if path.scheme == "s3" else LOCAL


def copied(fs, source: FilePath, target: FilePath, **how: bool) -> Plan:
    plan = plan_tree(stores(fs), source, target)
    plan.transfers = with_true_sizes(stores(fs), plan.transfers)
    run(stores(fs), plan, **how)
    return plan


def gets_of_bodies(proxy: FaultProxy, key: str) -> int:
    return proxy.count(key, "GET")


def test_s3_copies_within_itself(fs, proxy):
    bucket = new_bucket()
    data = secrets.token_bytes(300_000)
    put(bucket, "a/é +1", data, {"x-amz-meta-colour": "red"})
    put(bucket, "a/b/two", b"2")
    copied(fs, bucket.child("a"), bucket.child("c"))
    assert content(fs, bucket.child("c/é +1")) == data
    assert content(fs, bucket.child("c/b/two")) == b"2"
    assert dict(fs.detail(bucket.child("c/é +1")).facts)["Metadata colour"] == "red"


def test_no_byte_passes_here(fs, proxy):
    bucket = new_bucket()
    put(bucket, "a/plain", b"x" * 50_000)
    copied(fs, bucket.child("a"), bucket.child("c"))
    assert fs.info(bucket.child("c/plain")).size == 50_000
    assert gets_of_bodies(proxy, "/plain") == 0


def test_nothing_is_overwritten_unasked(fs):
    bucket = new_bucket()
    put(bucket, "a/x", b"new")
    source = fs.info(bucket.child("a/x"))
    put(bucket, "x", b"old")
    with pytest.raises(PathExistsError):
        fs.copy_within(source, bucket.child("x"))
    assert content(fs, bucket.child("x")) == b"old"
    fs.copy_within(source, bucket.child("x"), overwrite=True)
    assert content(fs, bucket.child("x")) == b"new"


def test_a_copy_is_encrypted_as_the_cluster_does(aws):
    key = cse_rig.kms_key().id
    fs = s3_at(
        aws.url,
        site={
            "fs.s3.enableServerSideEncryption": "true",
            "fs.s3.serverSideEncryption.kms.keyId": key,
        },
    )
    bucket = new_bucket()
    put(bucket, "a/x", b"1")
    copied(fs, bucket.child("a"), bucket.child("c"))
    detail = fs.detail(bucket.child("c/x"))
    assert detail.encryption == "SSE-KMS"
    assert key in detail.key


def test_where_s3_refuses_to_copy_the_bytes_pass_here(fs, proxy):
    bucket = new_bucket()
    put(bucket, "a/x", b"1")
    body = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
    proxy.add(Rule("PUT", "/c/x", "instead", status=403, body=body, times=1))
    copied(fs, bucket.child("a"), bucket.child("c"))
    assert content(fs, bucket.child("c/x")) == b"1"
    assert gets_of_bodies(proxy, "/a/x") == 1
    proxy.add(Rule("PUT", "/d/x", "instead", status=403, body=body))
    with pytest.raises(PathDeniedError):
        copied(fs, bucket.child("a"), bucket.child("d"))


@pytest.mark.parametrize("way", WAYS)
def test_a_tree_of_encrypted_objects_comes_here_whole(fs, sealed, way, tmp_path: Path):
    bucket = sealed[0]
    target = FilePath("file", "", str(tmp_path / "got"))
    copied(fs, FilePath("s3", bucket.authority, way), target)
    for size in cse_rig.SIZES:
        assert (tmp_path / "got" / str(size)).read_bytes() == cse_rig.plain(size)
    again = copied(fs, FilePath("s3", bucket.authority, way), target, resume=True)
    assert all(transfer.is_whole for transfer in again.transfers)


def test_an_encrypted_object_is_opened_on_its_way_within_s3(fs, sealed):
    bucket = new_bucket()
    copied(fs, FilePath("s3", sealed[0].authority, "v1-gcm"), bucket.child("plain"))
    for size in cse_rig.SIZES:
        path = bucket.child(f"plain/{size}")
        assert content(fs, path) == cse_rig.plain(size)
        assert fs.detail(path).encryption != "CSE-KMS"


def test_a_cluster_that_encrypts_itself_encrypts_copies(aws, sealed):
    fs = s3_at(aws.url, site={"fs.s3.cse.enabled": "true", "fs.s3.cse.kms.keyId": sealed[1]})
    bucket = new_bucket()
    put(bucket, "a/x", b"clear")
    copied(fs, bucket.child("a"), bucket.child("c"))
    assert fs.detail(bucket.child("c/x")).encryption == "CSE-KMS"
    assert content(fs, bucket.child("c/x")) == b"clear"
    again = copied(fs, bucket.child("a"), bucket.child("c"), resume=True)
    assert [t.is_whole for t in again.transfers] == [True]
