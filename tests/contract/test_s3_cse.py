"""Objects encrypted on the client's side: what the AWS SDK for Java wrote is read right."""

from __future__ import annotations

import re
import secrets

import cse_rig
import pytest
from s3_rig import new_bucket, put, s3_at

from emr_nb.errors import EncryptedFileError, FileError, UsageError
from emr_nb.files.abilities import Details
from emr_nb.model import FilePath
from emr_nb.settings import Settings
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import content, every_entry

pytest.importorskip("moto", reason="needs emr-nb[local]")

READ = ("v1-cbc", "v1-gcm", "v1-strict", "v2-gcm", "v2-strict")
BESIDE = ("v1-cbc-instruction", "v1-gcm-instruction")
RANGES = ((0, 1), (0, 16), (3, 5), (15, 2), (16, 16), (17, 900), (990, 100), (999, 1), (1000, 5))


@pytest.fixture(scope="module")
def recorded(aws):
    """The recording's bucket, and the key that its objects are encrypted by."""
    name = f"cse-{secrets.token_hex(4)}"
    return FilePath("s3", name, ""), cse_rig.restore(name)


@pytest.fixture(scope="module")
def fs(aws):
    return s3_at(aws.url)


def at(recorded, key: str) -> FilePath:
    return FilePath("s3", recorded[0].authority, key)


@pytest.mark.parametrize("size", cse_rig.SIZES)
@pytest.mark.parametrize("way", [*READ, *BESIDE])
def test_what_java_wrote_is_read(fs, recorded, way, size):
    path, wanted = at(recorded, f"{way}/{size}"), cse_rig.plain(size)
    assert content(fs, path) == wanted
    assert fs.info(path).size == size
    for start, length in RANGES:
        assert content(fs, path, start, length) == wanted[start : start + length]
    assert content(fs, path, 7) == wanted[7:]


@pytest.mark.parametrize("way", READ)
def test_ranges_of_what_is_too_large_to_be_checked_first(fs, recorded, way, monkeypatch):
    monkeypatch.setattr("emr_nb.files.emrfs.reading._WHOLE", 100)
    test_what_java_wrote_is_read(fs, recorded, way, 1000)


@pytest.mark.parametrize("way", ["custom-cbc", "custom-gcm"])
def test_a_key_of_the_users_own_is_refused_and_no_ciphertext_shown(fs, recorded, way):
    path = at(recorded, f"{way}/1000")
    for act in (lambda: content(fs, path), lambda: content(fs, path, 5, 10)):
        with pytest.raises(EncryptedFileError, match="CSE-Custom") as caught:
            act()
        assert "Spark" in str(caught.value)
    detail = fs.detail(path)
    assert (detail.encryption, detail.readable) == ("CSE-Custom", False)
    assert "key of the user's own" in detail.reason


@pytest.mark.parametrize("way", [*READ, *BESIDE])
def test_detail_names_encryption_and_key(fs, recorded, way):
    assert isinstance(fs, Details)
    detail = fs.detail(at(recorded, f"{way}/1000"))
    assert (detail.encryption, detail.readable, detail.entry.size) == ("CSE-KMS", True, 1000)
    facts = dict(detail.facts)
    assert facts["Content cipher"] == (
        "AES/CBC/PKCS5Padding" if "cbc" in way else "AES/GCM/NoPadding"
    )
    if way.startswith("v1"):
        assert detail.key == recorded[1]
    assert int(detail.extra["stored_size"]) > 1000


@pytest.mark.parametrize("way", ["v1-gcm", "v2-strict", "v1-gcm-instruction"])
@pytest.mark.parametrize("where", [0, 500, -1])
def test_a_changed_byte_is_noticed_before_any_is_shown(fs, recorded, way, where):
    path = at(recorded, f"{way}/1000")
    bucket = new_bucket()
    for key in [path.key] + ([path.key + ".instruction"] if "instruction" in way else []):
        body, metadata = _stored(recorded[0], key)
        if key == path.key:
            body = bytearray(body)
            body[where] ^= 1
        put(bucket, key, bytes(body), metadata)
    reader = fs.read(FilePath("s3", bucket.authority, path.key))
    with pytest.raises(FileError, match="its tag does not fit"):
        next(iter(reader))
    with pytest.raises(FileError, match="its tag does not fit"):
        content(fs, FilePath("s3", bucket.authority, path.key), 10, 10)


def test_cbc_that_was_cut_is_an_error(fs, recorded):
    body, metadata = _stored(recorded[0], "v1-cbc/1000")
    bucket = new_bucket()
    put(bucket, "cut", body[:-16], metadata)
    put(bucket, "odd", body[:-3], metadata)
    for key in ("cut", "odd"):
        with pytest.raises(FileError, match=r"does not end as|too short"):
            content(fs, bucket.child(key))


def test_another_algorithm_than_the_keys_context_says_is_refused(fs, recorded):
    body, metadata = _stored(recorded[0], "v2-strict/16")
    bucket = new_bucket()
    forged = {**metadata, "x-amz-meta-x-amz-cek-alg": "AES/CBC/PKCS5Padding"}
    forged["x-amz-meta-x-amz-iv"] = "AAAAAAAAAAAAAAAAAAAAAA=="
    put(bucket, "forged", body, forged)
    with pytest.raises(EncryptedFileError, match="damaged"):
        content(fs, bucket.child("forged"))


def test_a_key_that_kms_does_not_give(fs, recorded):
    body, metadata = _stored(recorded[0], "v1-gcm/16")
    bucket = new_bucket()
    told = metadata["x-amz-meta-x-amz-matdesc"].replace(recorded[1], cse_rig.kms_key().id)
    put(bucket, "other", body, {**metadata, "x-amz-meta-x-amz-matdesc": told})
    with pytest.raises(EncryptedFileError, match="KMS") as caught:
        content(fs, bucket.child("other"))
    assert "kms:Decrypt" in str(caught.value)
    assert fs.info(bucket.child("other")).size == 16  # the size needs no key


def test_an_instruction_file_that_is_gone_is_no_plain_object(fs, recorded):
    body, metadata = _stored(recorded[0], "v1-cbc-instruction/16")
    bucket = new_bucket()
    put(bucket, "lonely", body, metadata)
    with pytest.raises(EncryptedFileError, match="hold its key"):
        content(fs, bucket.child("lonely"))


def test_moving_keeps_what_is_needed_to_decrypt(fs, recorded):
    bucket = new_bucket()
    for way in ("v1-gcm", "v1-cbc-instruction"):
        for key in [f"{way}/17"] + ([f"{way}/17.instruction"] if "instruction" in way else []):
            put(bucket, key, *_stored(recorded[0], key))
        fs.mv(bucket.child(f"{way}/17"), bucket.child(f"moved/{way}"))
        assert content(fs, bucket.child(f"moved/{way}")) == cse_rig.plain(17)
    left = [entry.path.key for entry in every_entry(fs, bucket)]
    assert left == ["moved/"]


@pytest.mark.parametrize(
    ("newer", "size"),
    [("true", 0), ("false", 0), ("true", 1000), ("false", 1000), ("true", 20_000_000)],
)
def test_a_cluster_that_writes_cse_has_it_written(aws, fs, size, newer):
    key = cse_rig.kms_key().id
    site = {"fs.s3.cse.enabled": "true", "fs.s3.cse.kms.keyId": key}
    ours = s3_at(aws.url, site={**site, "fs.s3.cse.encryptionV2.enabled": newer})
    path, plain = new_bucket().child("file"), cse_rig.plain(size)
    entry = ours.write(path, [plain[:100], plain[100:]])
    assert (entry.size, entry.extra["encryption"]) == (size, "CSE-KMS")
    body, _ = _stored(path, path.key)
    assert len(body) == size + 16
    if size > 100:
        assert plain[:100] not in body
    assert content(fs, path) == plain
    assert content(fs, path, 500, 100) == plain[500:600]
    assert content(fs, path, size - 1 if size else 0) == plain[-1:]


def test_a_key_of_another_region_is_asked_for_there(aws, fs):
    from moto.kms.models import kms_backends

    backend = kms_backends[cse_rig.ACCOUNT]["eu-west-1"]
    key = backend.create_key(
        policy="", key_usage="ENCRYPT_DECRYPT", key_spec="SYMMETRIC_DEFAULT",
        description="", tags=[], multi_region=False,
    )  # fmt: skip
    ours = s3_at(aws.url, site={"fs.s3.cse.enabled": "true", "fs.s3.cse.kms.keyId": key.arn})
    path = new_bucket().child("file")
    ours.write(path, [b"hello"])
    assert content(fs, path) == b"hello"
    assert fs.detail(path).key == key.arn


@pytest.mark.parametrize(
    ("site", "error", "words"),
    [
        ({"fs.s3.cse.encryptionMaterialsProvider": "com.acme.Keys"}, EncryptedFileError, "Custom"),
        ({"fs.s3.cse.kms.keyId": ""}, EncryptedFileError, "names no key"),
        (
            {"fs.s3.cse.kms.keyId": "k", "fs.s3.cse.cryptoStorageMode": "InstructionFile"},
            *(EncryptedFileError, "instruction files"),
        ),
    ],
)
def test_nothing_is_written_plain_where_the_cluster_would_encrypt(aws, fs, site, error, words):
    ours = s3_at(aws.url, site={"fs.s3.cse.enabled": "true", **site})
    bucket = new_bucket()
    with pytest.raises(error, match=words):
        ours.write(bucket.child("x"), [b"secret"])
    assert every_entry(fs, bucket) == []


def test_sse_kms_on_a_release_without_it_is_refused_before_a_write(aws, fs):
    site = {
        "fs.s3.enableServerSideEncryption": "true",
        "fs.s3.serverSideEncryption.kms.keyId": "alias/k",
    }
    bucket = new_bucket()
    with pytest.raises(UsageError, match=re.escape("emr-4.4.0")):
        s3_at(aws.url, site=site, release="emr-4.4.0").write(bucket.child("x"), [b"x"])
    assert every_entry(fs, bucket) == []
    entry = s3_at(aws.url, site=site, release="emr-4.5.0").write(bucket.child("x"), [b"x"])
    assert (entry.extra["encryption"], entry.extra["kms_key"]) == ("SSE-KMS", "alias/k")
    detail = fs.detail(bucket.child("x"))
    assert (detail.encryption, detail.key, detail.readable) == ("SSE-KMS", "alias/k", True)


def test_server_side_encryption_of_every_kind_is_named(aws, fs):
    bucket = new_bucket()
    for told, name in (("AES256", "SSE-S3"), ("aws:kms", "SSE-KMS"), ("aws:kms:dsse", "DSSE-KMS")):
        fs._calls.request(
            *("PUT", bucket.child(name), "s3:PutObject"),
            body=b"x",
            headers={"x-amz-server-side-encryption": told},
        )
        assert fs.detail(bucket.child(name)).encryption == name
        assert fs.info(bucket.child(name)).extra["encryption"] == name


def test_large_objects_by_parts_follow_the_settings_too(aws, fs):
    path = new_bucket().child("large")
    ours = s3_at(aws.url, site={"fs.s3.enableServerSideEncryption": "true"})
    entry = ours.write(path, (bytes(1_000_000) for _ in range(20)))
    assert entry.extra["encryption"] == "SSE-S3"


def test_a_cut_transfer_of_a_sealed_object_goes_on(aws, fs, recorded):
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        ours = s3_at(f"http://127.0.0.1:{proxy.port}")
        proxy.add(Rule("GET", "v1-gcm/1000", "truncate", after_bytes=300, times=2))
        assert content(ours, at(recorded, "v1-gcm/1000")) == cse_rig.plain(1000)


def test_another_client_reads_what_we_write_and_what_we_read(aws, fs, recorded):
    """The official client for Python is the control."""
    s3ec = pytest.importorskip("s3_encryption", reason="needs amazon-s3-encryption-client-python")
    official = _official(s3ec, aws.url, recorded[1])
    site = {"fs.s3.cse.enabled": "true", "fs.s3.cse.kms.keyId": recorded[1]}
    bucket = new_bucket()
    for newer in ("true", "false"):
        ours = s3_at(aws.url, site={**site, "fs.s3.cse.encryptionV2.enabled": newer})
        ours.write(bucket.child(newer), [cse_rig.plain(1000)])
        assert official(bucket.authority, newer) == cse_rig.plain(1000)
    for way in READ:
        key = f"{way}/1000"
        assert official(recorded[0].authority, key) == content(fs, at(recorded, key))


@pytest.mark.full
def test_live_java_reads_ours_and_we_read_java(aws, fs):
    home = Settings().cache_home
    from emr_nb.local.parts import Cache

    cache = Cache(home)
    if not all(cache.part(name).ready for name in ("s3a", "hdfs", "spark", "ecj", "java")):
        pytest.skip("needs the local cluster's parts (emr-nb local start)")
    bucket, key = new_bucket(), cse_rig.kms_key().id
    cse_rig.run_java(home, aws.url, bucket.authority, key, "write")
    for way in (*READ, *BESIDE):
        for size in cse_rig.SIZES:
            assert content(fs, bucket.child(f"{way}/{size}")) == cse_rig.plain(size)
    large = cse_rig.plain(cse_rig.LARGE)
    for way in ("v1-cbc", "v1-gcm"):
        path = bucket.child(f"parts/{way}")
        assert fs.info(path).size == len(large)
        assert content(fs, path) == large
        for start, length in ((0, 5), (8_388_600, 32), (5_242_870, 100), (len(large) - 3, 9)):
            assert content(fs, path, start, length) == large[start : start + length]
    site = {"fs.s3.cse.enabled": "true", "fs.s3.cse.kms.keyId": key}
    read = []
    for newer in ("true", "false"):
        ours = s3_at(aws.url, site={**site, "fs.s3.cse.encryptionV2.enabled": newer})
        for size in (0, 1, 1000, cse_rig.LARGE):
            ours.write(bucket.child(f"ours/{newer}/{size}"), [cse_rig.plain(size)])
            read += [f"ours/{newer}/{size}", str(size)]
    cse_rig.run_java(home, aws.url, bucket.authority, key, "read", *read)


def _stored(bucket: FilePath, key: str) -> tuple[bytes, dict[str, str]]:
    from moto.s3.models import s3_backends

    found = s3_backends[cse_rig.ACCOUNT]["aws"].buckets[bucket.authority].keys[key]
    return found.value, dict(found.metadata)


def _official(s3ec, url: str, key: str):
    """Return what reads an object by AWS's own client, its protections for old ways off."""
    import boto3
    from s3_encryption.materials.kms_keyring import KmsKeyring
    from s3_encryption.materials.materials import CommitmentPolicy

    told = {"region_name": "us-east-1", "endpoint_url": url}
    told |= {"aws_access_key_id": "AKIATEST", "aws_secret_access_key": "secret"}
    keyring = KmsKeyring(boto3.client("kms", **told), key, enable_legacy_wrapping_algorithms=True)
    config = s3ec.S3EncryptionClientConfig(
        keyring,
        commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_ALLOW_DECRYPT,
        enable_legacy_unauthenticated_modes=True,
    )
    client = s3ec.S3EncryptionClient(boto3.client("s3", **told), config)
    return lambda bucket, key: client.get_object(Bucket=bucket, Key=key)["Body"].read()
