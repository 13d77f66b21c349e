"""What the S3 client makes of answers that a local server does not give."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import Peer, reply, serving

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.context import ClusterContext
from emr_nb.errors import AwsCredentialsError, EncryptedFileError, FileError, PathDeniedError
from emr_nb.files.s3 import S3
from emr_nb.model import Cluster, FilePath
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute

OBJECT = FilePath("s3", "bucket", "dir/file")
# S3's own words, as its documentation and SDKs quote them
SSE_C = (
    b"<Error><Code>InvalidRequest</Code><Message>The object was stored using a form of Server Side "
    b"Encryption. The correct parameters must be provided to retrieve the object.</Message></Error>"
)
MISSING = reply("404 Not Found", b"<Error><Code>NoSuchKey</Code></Error>")
LISTED = (
    b"<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>false</IsTruncated><Contents>"
    b"<Key>dir/file</Key><LastModified>2026-01-02T03:04:05.000Z</LastModified><ETag>&quot;e&quot;"
    b"</ETag><Size>9</Size><StorageClass>STANDARD</StorageClass></Contents></ListBucketResult>"
)


@pytest.fixture
def made() -> Iterator[Callable[[int], S3]]:
    routes = []

    def make(port: int) -> S3:
        absent: Any = None
        routes.append(DirectRoute(timeout=3))
        context = ClusterContext(
            cluster=Cluster("j-TEST", "test", "WAITING"),
            services=(),
            route=routes[-1],
            access=AwsAccess(
                region="us-east-1",
                endpoint_url=f"http://127.0.0.1:{port}",
                credentials=Credentials("AKIA", "s"),
            ),
            journal=absent,
            settings=Settings(request_timeout=3),
            user="anna",
        )
        return S3(context)

    yield make
    for route in routes:
        route.close()


def bare(status: str, *headers: str) -> bytes:
    """An answer to HEAD, which has no body."""
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode()


def test_sse_c_is_named_and_its_bytes_never_asked_for_plain(made):
    def act(peer: Peer) -> bool:
        if peer.line.startswith("HEAD"):
            peer.sock.sendall(bare("400 Bad Request"))
        elif "list-type=2" in peer.line:
            below = "prefix=dir%2Ffile%2F" in peer.line
            peer.sock.sendall(reply("200 OK", b"<ListBucketResult/>" if below else LISTED))
        else:
            peer.sock.sendall(reply("400 Bad Request", SSE_C))
        return False

    with serving(act) as server:
        fs = made(server.port)
        with pytest.raises(EncryptedFileError, match="SSE-C"):
            list(fs.read(OBJECT))
        assert len(server.requests) == 1  # not retried, with or without another header
        entry = fs.info(OBJECT)
        assert (entry.size, entry.extra["encryption"]) == (9, "SSE-C")
        detail = fs.detail(OBJECT)
        assert (detail.encryption, detail.readable) == ("SSE-C", False)
        assert "SSE-C" in detail.reason
        assert [e.extra["encryption"] for e in fs.ls(OBJECT).items] == ["SSE-C"]


@pytest.mark.parametrize("status", ["301 Moved Permanently", "400 Bad Request"])
def test_a_head_elsewhere_follows_the_region_in_its_headers(made, status):
    def act(peer: Peer) -> bool:
        if "instruction" in peer.line:
            peer.sock.sendall(MISSING)
        elif b"/eu-west-1/s3/aws4_request" not in peer.head:
            peer.sock.sendall(bare(status, "x-amz-bucket-region: eu-west-1"))
        else:
            peer.sock.sendall(bare("200 OK", "Content-Length: 4", 'ETag: "e"'))
        return False

    with serving(act) as server:
        fs = made(server.port)
        assert fs.info(OBJECT).size == 4
        assert len(server.requests) == 2
        facts = dict(fs.detail(OBJECT).facts)
        assert facts["Region"].startswith("eu-west-1")


@pytest.mark.parametrize("lost", [0, 1])
def test_a_head_that_is_refused_learns_why(made, lost):
    left = [lost]
    denied = (
        b"<Error><Code>AccessDenied</Code><Message>User: arn:aws:iam::1:user/a is not authorized "
        b"to perform: kms:Decrypt on the resource associated with this ciphertext because the "
        b"resource does not exist in this Region</Message></Error>"
    )

    def act(peer: Peer) -> bool:
        head = peer.line.startswith("HEAD")
        if not head and left[0]:
            left[0] -= 1  # the connection ended meanwhile
            return False
        peer.sock.sendall(bare("403 Forbidden") if head else reply("403 Forbidden", denied))
        return False

    with serving(act) as server, pytest.raises(PathDeniedError, match="kms:Decrypt") as caught:
        made(server.port).info(OBJECT)
    assert "user/a" in str(caught.value)


def test_an_expired_token_on_head_is_a_matter_of_credentials(made):
    expired = b"<Error><Code>ExpiredToken</Code><Message>m</Message></Error>"

    def act(peer: Peer) -> bool:
        head = peer.line.startswith("HEAD")
        peer.sock.sendall(bare("400 Bad Request") if head else reply("400 Bad Request", expired))
        return False

    with serving(act) as server, pytest.raises(AwsCredentialsError, match="ExpiredToken"):
        made(server.port).info(OBJECT)


@pytest.mark.parametrize(
    "header",
    [
        "x-amz-meta-x-amz-key-v2: AAAA",
        "X-Amz-Meta-X-Amz-Key: AAAA",
        "x-amz-meta-x-amz-3: AAAA",
        "x-amz-meta-x-amz-unencrypted-content-length: 4",
    ],
)
def test_no_envelope_of_any_kind_lets_ciphertext_out(made, header):
    def act(peer: Peer) -> bool:
        if "instruction" in peer.line:
            peer.sock.sendall(MISSING)
        elif peer.line.startswith("HEAD"):
            peer.sock.sendall(bare("200 OK", "Content-Length: 6", 'ETag: "e"', header))
        else:
            peer.sock.sendall(reply("200 OK", b"cipher", 'ETag: "e"', header))
        return False

    with serving(act) as server:
        fs = made(server.port)
        for start, length in ((0, None), (0, 3), (2, None)):
            got = []
            with pytest.raises(EncryptedFileError):
                got += fs.read(OBJECT, start, length)
            assert got == []
        assert fs.detail(OBJECT).readable is False


@pytest.mark.parametrize("name", ["sha256", "sha1", "crc32"])
def test_a_stored_checksum_is_held_against_the_bytes(made, name):
    import base64
    import hashlib
    import zlib

    right = {
        "sha256": hashlib.sha256(b"data").digest(),
        "sha1": hashlib.sha1(b"data").digest(),
        "crc32": zlib.crc32(b"data").to_bytes(4, "big"),
    }[name]
    told = f"x-amz-checksum-{name}: {base64.b64encode(right).decode()}"

    def act(peer: Peer) -> bool:
        body = b"data" if "good" in peer.line else b"dama"
        peer.sock.sendall(reply("200 OK", body, 'ETag: "not-md5"', told))
        return False

    with serving(act) as server:
        fs = made(server.port)
        assert b"".join(fs.read(FilePath("s3", "bucket", "good"))) == b"data"
        with pytest.raises(FileError, match=name.upper()):
            list(fs.read(OBJECT))
