"""What a cluster's settings say of S3: encryption of new objects, roles by user and prefix."""

from __future__ import annotations

import pytest

from emr_nb.errors import EncryptedFileError, UsageError
from emr_nb.files.emrfs.detail import around_of
from emr_nb.files.emrfs.policy import Encryption, Policy, policy_of
from emr_nb.files.emrfs.roles import Choice, RoleMapping, choose, mappings_of
from emr_nb.model import Cluster, Configuration, FilePath

FILE = FilePath("s3", "bucket", "a/b/file")
ARN = "arn:aws:kms:us-east-1:123456789012:key/k"


def cluster(release: str = "emr-7.1.0", **site: str) -> Cluster:
    properties = {name.replace("__", "."): value for name, value in site.items()}
    return Cluster(
        *("j-1", "test", "WAITING"),
        release=release,
        security_configuration="sec",
        configurations=(Configuration("emrfs-site", properties),),
    )


def at_rest(mode: str, *, enabled: object = True, **more: object) -> dict[str, object]:
    s3 = {"EncryptionMode": mode, **more}
    return {
        "EncryptionConfiguration": {
            "EnableAtRestEncryption": enabled,
            "AtRestEncryptionConfiguration": {"S3EncryptionConfiguration": s3},
        }
    }


# -- encryption of new objects ------------------------------------------------------------


def test_without_a_setting_the_buckets_default_decides():
    wanted = policy_of(cluster(), None).check(FILE)
    assert wanted.headers() == {}
    assert wanted.source == "the bucket's default"


@pytest.mark.parametrize(
    ("site", "mode", "headers"),
    [
        (
            {"fs__s3__enableServerSideEncryption": "true"},
            *("SSE-S3", {"x-amz-server-side-encryption": "AES256"}),
        ),
        (
            {
                "fs__s3__enableServerSideEncryption": "TRUE",
                "fs__s3__serverSideEncryption__kms__keyId": ARN,
            },
            "SSE-KMS",
            {
                "x-amz-server-side-encryption": "aws:kms",
                "x-amz-server-side-encryption-aws-kms-key-id": ARN,
            },
        ),
        # a key without the switch is no encryption
        ({"fs__s3__serverSideEncryption__kms__keyId": ARN}, "", {}),
        ({"fs__s3__cse__enabled": "true", "fs__s3__cse__kms__keyId": ARN}, "CSE-KMS", {}),
    ],
)
def test_emrfs_site(site, mode, headers):
    wanted = policy_of(cluster(**site), None).check(FILE)
    assert wanted.mode == mode
    assert wanted.headers() == headers


def test_a_security_configuration_overrides_emrfs_site():
    site = {"fs__s3__enableServerSideEncryption": "true"}
    told = policy_of(cluster(**site), at_rest("SSE-KMS", AwsKmsKey=ARN)).check(FILE)
    assert (told.mode, told.key, told.source) == ("SSE-KMS", ARN, "security configuration sec")


def test_a_security_configuration_without_encryption_at_rest_leaves_emrfs_site():
    site = {"fs__s3__enableServerSideEncryption": "true"}
    for security in (at_rest("SSE-KMS", enabled="false"), at_rest("SSE-KMS", enabled=False), {}):
        assert policy_of(cluster(**site), security).check(FILE).mode == "SSE-S3"


def test_the_documentations_texts_for_booleans_and_cases_are_read():
    told = policy_of(cluster(), at_rest("sse-kms", enabled="True", AwsKmsKey=ARN))
    assert told.check(FILE).mode == "SSE-KMS"


def test_buckets_of_their_own():
    overrides = [{"BucketName": "other", "EncryptionMode": "CSE-KMS", "AwsKmsKey": ARN}]
    policy = policy_of(cluster(), at_rest("SSE-S3", Overrides=overrides))
    assert policy.of("bucket").mode == "SSE-S3"
    assert (policy.of("other").mode, policy.of("other").key) == ("CSE-KMS", ARN)


@pytest.mark.parametrize("security", [None, [], "text", {"EncryptionConfiguration": "x"}, {"a": 1}])
def test_what_is_no_security_configuration_is_none(security):
    assert policy_of(cluster(), security).check(FILE).mode == ""
    assert mappings_of(security) == ()


@pytest.mark.parametrize(
    ("release", "fits"),
    [
        ("emr-4.0.0", False),
        ("emr-4.4.0", False),
        ("emr-4.5.0", True),
        ("emr-5.0.0", True),
        ("emr-10.0.0", True),
        ("", True),  # a Livy URL tells no release
    ],
)
def test_sse_kms_exists_since_4_5(release, fits):
    policy = policy_of(cluster(release), at_rest("SSE-KMS", AwsKmsKey=ARN))
    if fits:
        assert policy.check(FILE).mode == "SSE-KMS"
        return
    with pytest.raises(UsageError, match=release) as caught:
        policy.check(FILE)
    assert "security configuration sec" in str(caught.value)


def test_custom_providers_are_not_written_plain():
    for policy in (
        policy_of(cluster(), at_rest("CSE-Custom", S3Object="s3://b/x.jar")),
        policy_of(
            cluster(
                fs__s3__cse__enabled="true",
                fs__s3__cse__encryptionMaterialsProvider="com.acme.Provider",
            ),
            None,
        ),
    ):
        with pytest.raises(EncryptedFileError, match="CSE-Custom"):
            policy.check(FILE)


def test_the_kms_provider_named_in_full_is_cse_kms():
    name = "com.amazon.ws.emr.hadoop.fs.cse.KMSEncryptionMaterialsProvider"
    site = {"fs__s3__cse__enabled": "true", "fs__s3__cse__encryptionMaterialsProvider": name}
    policy = policy_of(cluster(fs__s3__cse__kms__keyId="k", **site), None)
    assert policy.check(FILE) == Encryption("CSE-KMS", "k", "emrfs-site")


def test_consistent_view_is_shown_with_advice():
    facts = dict(around_of(policy_of(cluster(fs__s3__consistent="true"), None), "b", "r", "r", ""))
    assert "strongly consistent" in facts["Consistent View"]
    assert not dict(around_of(Policy(), "b", "r", "r", ""))["Consistent View"]


def test_a_region_that_was_followed_is_said():
    facts = dict(around_of(Policy(), "b", "eu-west-1", "us-east-1", ""))
    assert "eu-west-1" in facts["Region"]
    assert "us-east-1" in facts["Region"]


# -- roles --------------------------------------------------------------------------------

SECURITY = {
    "AuthorizationConfiguration": {
        "EmrFsConfiguration": {
            "RoleMappings": [
                {"Role": "r1", "IdentifierType": "User", "Identifiers": ["anna", "ben"]},
                {"Role": "r2", "IdentifierType": "Prefix", "Identifiers": ["s3://b/x/", "s3://c"]},
                {"Role": "r3", "IdentifierType": "Group", "Identifiers": ["staff"]},
                {"Role": "r4", "IdentifierType": "prefix", "Identifiers": "s3://b/"},
                {"IdentifierType": "User", "Identifiers": ["nobody"]},
            ]
        }
    }
}


@pytest.mark.parametrize(
    ("user", "groups", "key", "role"),
    [
        ("anna", None, "x/y", "r1"),  # the first that fits decides
        ("carl", None, "x/y", "r2"),
        ("carl", None, "x/", "r2"),
        ("carl", None, "x", "r2"),
        ("carl", ["staff"], "xy", "r3"),
        ("carl", ["staff"], "x/y", "r2"),
        ("carl", [], "xy", "r4"),
        ("carl", None, "", "r4"),
    ],
)
def test_the_first_mapping_that_fits_decides(user, groups, key, role):
    found = choose(mappings_of(SECURITY), FilePath("s3", "b", key), user, groups)
    assert found.role == role
    assert ("group staff" in found.doubt) == (groups is None and role == "r4")


def test_no_mapping_is_the_instance_profile():
    found = choose(mappings_of(SECURITY), FilePath("s3", "elsewhere", "x"), "carl", [])
    assert found == Choice()
    assert "instance profile" in found.reason


def test_a_whole_bucket_and_its_namesake():
    mappings = mappings_of(SECURITY)
    assert choose(mappings, FilePath("s3", "c", "any/thing"), "carl", []).role == "r2"
    assert choose(mappings, FilePath("s3", "cc", "any/thing"), "carl", []).role == ""


@pytest.mark.parametrize("prefix", ["s3a://b/x", "S3N://b/x/", "s3://b/x*", "b/x"])
def test_spellings_of_a_prefix(prefix):
    mapping = [RoleMapping("r", "Prefix", (prefix,))]
    assert choose(mapping, FilePath("s3", "b", "x/y"), "u", []).role == "r"
    assert choose(mapping, FilePath("s3", "b", "xyz"), "u", []).role == (
        "r" if "*" in prefix else ""
    )
