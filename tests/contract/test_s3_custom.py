"""CSE-Custom objects, as the AWS SDK for Java wrote them, read by a session that has their key."""

from __future__ import annotations

import secrets
from dataclasses import replace

import cse_rig
import pytest
from s3_rig import s3_context

from emr_nb.errors import (
    EncryptedFileError,
    FileError,
    PathDeniedError,
    PathNotFoundError,
    StoreLacksError,
)
from emr_nb.files.s3 import S3
from emr_nb.model import FilePath
from emr_nb.testing.fs_helpers import content
from emr_nb.testing.plain_asking import StoredAsking

pytest.importorskip("cryptography", reason="the extra cse")

WAYS = ("custom-cbc", "custom-gcm")


@pytest.fixture(scope="module")
def aws():
    from emr_nb.local.aws_server.server import AwsServer

    with AwsServer() as server:
        yield server


@pytest.fixture(scope="module")
def bucket(aws):
    name = f"custom-{secrets.token_hex(4)}"
    cse_rig.restore(name)
    return name


@pytest.fixture
def asking():
    return StoredAsking({f"{way}/1000": cse_rig.plain(1000) for way in WAYS})


@pytest.fixture
def fs(aws, asking):
    return S3(replace(s3_context(aws.url), asking=lambda: asking))


def stored(fs: S3, path: FilePath) -> bytes:
    """What lies in S3, past every envelope."""
    return bytes(fs._calls.request("GET", path, "s3:GetObject").content)


@pytest.mark.parametrize("way", WAYS)
def test_the_session_reads_what_only_the_cluster_can(fs, asking, bucket, way):
    path, wanted = FilePath("s3", bucket, f"{way}/1000"), cse_rig.plain(1000)
    assert stored(fs, path) != wanted
    assert content(fs, path) == wanted
    for start, length in ((0, 1), (5, 10), (990, 100), (999, 1), (1000, 5)):
        assert content(fs, path, start, length) == wanted[start : start + length]
    assert fs.info(path).size == 1000
    detail = fs.detail(path)
    assert (detail.encryption, detail.readable) == ("CSE-Custom", True)
    assert dict(detail.facts)["Read through"] == "session 8, by EMRFS"


@pytest.mark.parametrize("way", WAYS)
def test_a_client_that_tells_the_stored_size_is_seen_through(fs, asking, bucket, way):
    path, wanted = FilePath("s3", bucket, f"{way}/1000"), cse_rig.plain(1000)
    asking.told[path.key] = len(stored(fs, path))
    assert content(fs, path) == wanted
    assert content(fs, path, 100) == wanted[100:]
    assert fs.info(path).size == 1000


@pytest.mark.parametrize("way", WAYS)
def test_ciphertext_is_never_shown_as_data(fs, asking, bucket, way):
    path = FilePath("s3", bucket, f"{way}/1000")
    asking.plain[path.key] = stored(fs, path)  # a client without the key provider
    for start, length in ((0, None), (0, 4), (500, 100), (999, 1)):
        with pytest.raises(EncryptedFileError, match="gave its ciphertext") as caught:
            content(fs, path, start, length)
        assert "emrfs-site" in str(caught.value)


def test_without_a_session_todays_error_says_what_opens_one(aws, bucket):
    fs = S3(s3_context(aws.url))
    with pytest.raises(EncryptedFileError, match="CSE-Custom") as caught:
        content(fs, FilePath("s3", bucket, "custom-gcm/1000"))
    assert "%%spark" in str(caught.value)
    assert not fs.detail(FilePath("s3", bucket, "custom-gcm/1000")).readable


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({"unspelled": True}, EncryptedFileError, "cannot spell"),
        ({"errno": 13, "problem": "Permission denied"}, PathDeniedError, "livy"),
        ({"errno": 2, "problem": "No such file"}, PathNotFoundError, "session"),
        ({"problem": "AmazonClientException: no material"}, FileError, "no material"),
    ],
)
def test_what_the_session_cannot_is_told(fs, asking, bucket, answer, error, said):
    asking.refuses = answer
    with pytest.raises(error, match=said):
        content(fs, FilePath("s3", bucket, "custom-gcm/1000"))


def test_a_read_is_bounded(aws, asking, bucket):
    context = s3_context(aws.url)
    settings = replace(context.settings, session_read_bytes=100)
    fs = S3(replace(context, settings=settings, asking=lambda: asking))
    path = FilePath("s3", bucket, "custom-gcm/1000")
    with pytest.raises(StoreLacksError, match="session_read_bytes"):
        content(fs, path)
    assert content(fs, path, 10, 100) == cse_rig.plain(1000)[10:110]


def test_other_objects_never_reach_the_session(fs, asking, bucket):
    assert content(fs, FilePath("s3", bucket, "v1-gcm/1000")) == cse_rig.plain(1000)
    assert asking.asked == []
