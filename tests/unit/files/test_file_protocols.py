"""What WebHDFS and S3 clients do with answers that a healthy local server never gives."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from servers import Peer, reply, serving

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.context import ClusterContext
from emr_nb.errors import (
    AwsCredentialsError,
    AwsError,
    ConnectFailedError,
    DiskFullError,
    FileError,
    PathDeniedError,
    PathNotFoundError,
    TransportError,
)
from emr_nb.files.s3 import S3
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.model import Cluster, Endpoint, FilePath, Service
from emr_nb.settings import Settings
from emr_nb.transport.direct import DirectRoute

FILE = FilePath("hdfs", "", "/dir/file")
OBJECT = FilePath("s3", "bucket", "dir/file")


@pytest.fixture
def context() -> Iterator[Callable[..., ClusterContext]]:
    """Makes contexts of test servers; their connections are closed with the route."""
    made: list[ClusterContext] = []

    def make(*ports: int, endpoint_url: str = "") -> ClusterContext:
        made.append(context_of(*ports, endpoint_url=endpoint_url))
        return made[-1]

    yield make
    for one in made:
        one.route.close()


def context_of(*ports: int, endpoint_url: str) -> ClusterContext:
    absent: Any = None
    return ClusterContext(
        cluster=Cluster("j-TEST", "test", "WAITING", primary_dns="ip-10-0-0-1.ec2.internal"),
        services=(Service("webhdfs", tuple(Endpoint("w", "localhost", port) for port in ports)),),
        route=DirectRoute(timeout=3),
        access=AwsAccess(
            region="us-east-1", endpoint_url=endpoint_url, credentials=Credentials("AKIA", "s")
        ),
        journal=absent,
        settings=Settings(request_timeout=3),
        user="anna",
    )


def remote(status: str, name: str, message: str = "m") -> bytes:
    told = {"RemoteException": {"exception": name, "javaClassName": name, "message": message}}
    return reply(status, json.dumps(told).encode())


def status_of(name: str, **more: object) -> dict[str, object]:
    return {"pathSuffix": name, "type": "FILE", "length": 4, "modificationTime": 1, **more}


# -- WebHDFS ------------------------------------------------------------------------------


def test_a_standby_namenode_is_passed_over_and_remembered(context):
    standby = serving(lambda p: p.sock.sendall(remote("403 Forbidden", "StandbyException")))
    active = serving(
        lambda p: p.sock.sendall(
            reply("200 OK", json.dumps({"FileStatus": status_of("")}).encode())
        )
    )
    with standby as first, active as second:
        fs = WebHdfs(context(first.port, second.port))
        assert fs.info(FILE).size == 4
        assert fs.info(FILE).size == 4
        assert (len(first.requests), len(second.requests)) == (1, 2)


def test_a_namenode_that_is_gone_is_passed_over(context):
    with serving(lambda _: None) as gone:
        port = gone.port
    active = serving(
        lambda p: p.sock.sendall(
            reply("200 OK", json.dumps({"FileStatus": status_of("")}).encode())
        )
    )
    with active as second:
        assert WebHdfs(context(port, second.port)).info(FILE).size == 4
    with pytest.raises(ConnectFailedError):
        WebHdfs(context(port)).info(FILE)


def test_a_server_without_paged_listings_is_asked_for_whole_ones(context):
    def act(peer: Peer) -> None:
        if "LISTSTATUS_BATCH" in peer.line:
            text = 'Invalid value for webhdfs parameter "op": No enum constant LISTSTATUS_BATCH'
            peer.sock.sendall(remote("400 Bad Request", "IllegalArgumentException", text))
        else:
            body = {"FileStatuses": {"FileStatus": [status_of("a"), status_of("b")]}}
            peer.sock.sendall(reply("200 OK", json.dumps(body).encode()))

    with serving(act) as server:
        fs = WebHdfs(context(server.port))
        for _ in range(2):
            page = fs.ls(FilePath("hdfs", "", "/dir"))
            assert [entry.name for entry in page.items] == ["a", "b"]
            assert page.after is None
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://ip-10-0-0-9.ec2.internal:9864/webhdfs/v1/x?op=OPEN",
        "file:///etc/passwd",
        "http:///nowhere",
        "",
    ],
)
def test_no_redirect_leads_out_of_the_cluster(context, location):
    def act(peer: Peer) -> None:
        if "OPEN" in peer.line:
            peer.sock.sendall(reply("307 Temporary", b"", f"Location: {location}"))
        else:
            body = json.dumps({"FileStatus": status_of("")}).encode()
            peer.sock.sendall(reply("200 OK", body))

    with serving(act) as server, pytest.raises(TransportError, match=r"DataNode|no node"):
        list(WebHdfs(context(server.port)).read(FILE))


@pytest.mark.parametrize(
    ("name", "leaf"),
    [
        ("FileNotFoundException", PathNotFoundError),
        ("AccessControlException", PathDeniedError),
        ("DSQuotaExceededException", DiskFullError),
        ("SafeModeException", FileError),
        ("SomethingNewException", FileError),
    ],
)
def test_remote_exceptions_become_leaves_and_keep_their_words(context, name, leaf):
    def act(peer: Peer) -> None:
        peer.sock.sendall(remote("403 Forbidden", name, "the words\n\tat a.b.C"))

    with serving(act) as server:
        with pytest.raises(leaf, match="the words") as caught:
            WebHdfs(context(server.port)).mkdir(FILE)
        assert "at a.b.C" not in str(caught.value)


def test_another_hdfs_is_refused(context):
    with pytest.raises(FileError, match="not this cluster's"):
        WebHdfs(context(1)).info(FilePath("hdfs", "other:8020", "/x"))


# -- S3 -----------------------------------------------------------------------------------


def s3_error(status: str, code: str, *headers: str, extra: str = "") -> bytes:
    body = f"<Error><Code>{code}</Code><Message>m</Message>{extra}</Error>"
    return reply(status, body.encode(), *headers)


@pytest.mark.parametrize(
    "answer",
    [
        s3_error("301 Moved", "PermanentRedirect", "x-amz-bucket-region: eu-west-1"),
        s3_error(
            *("400 Bad Request", "AuthorizationHeaderMalformed"),
            extra="<Region>eu-west-1</Region>",
        ),
        reply("307 Temporary", b"", "x-amz-bucket-region: eu-west-1"),
    ],
)
def test_a_bucket_elsewhere_is_signed_for_its_region_from_then_on(context, answer):
    def act(peer: Peer) -> None:
        good = b"/eu-west-1/s3/aws4_request" in peer.head
        peer.sock.sendall(reply("200 OK", b"<ListBucketResult/>") if good else answer)

    with serving(act) as server:
        fs = S3(context(1, endpoint_url=f"http://127.0.0.1:{server.port}"))
        for _ in range(2):
            assert list(fs.ls(FilePath("s3", "bucket", "")).items) == []
        assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("answer", "leaf"),
    [
        (s3_error("403 Forbidden", "AccessDenied"), PathDeniedError),
        (s3_error("400 Bad Request", "ExpiredToken"), AwsCredentialsError),
        (s3_error("403 Forbidden", "SignatureDoesNotMatch"), AwsCredentialsError),
        (s3_error("403 Forbidden", "RequestTimeTooSkewed"), AwsError),
        (s3_error("403 Forbidden", "InvalidObjectState"), FileError),
        (s3_error("404 Not Found", "NoSuchBucket"), PathNotFoundError),
        (reply("301 Moved", b""), FileError),
    ],
)
def test_errors_of_s3_become_leaves(context, answer, leaf):
    with serving(lambda p: p.sock.sendall(answer)) as server:
        fs = S3(context(1, endpoint_url=f"http://127.0.0.1:{server.port}"))
        with pytest.raises(leaf):
            fs.ls(FilePath("s3", "bucket", "dir/"))


def test_a_copy_that_fails_in_a_good_reply_deletes_nothing(context):
    def act(peer: Peer) -> None:
        if peer.line.startswith("HEAD"):
            found = "/dir/file" in peer.line
            head = "HTTP/1.1 200 OK\r\nContent-Length: 4" if found else "HTTP/1.1 404 Not Found"
            peer.sock.sendall(f'{head}\r\nETag: "e"\r\n\r\n'.encode())
        elif peer.line.startswith("PUT"):
            peer.sock.sendall(s3_error("200 OK", "InternalError"))
        else:
            peer.sock.sendall(reply("200 OK", b"<ListBucketResult/>"))

    def closing(peer: Peer) -> bool:
        act(peer)
        return False

    with serving(closing) as server:
        fs = S3(context(1, endpoint_url=f"http://127.0.0.1:{server.port}"))
        with pytest.raises(FileError, match="InternalError"):
            fs.mv(OBJECT, FilePath("s3", "bucket", "new"))
        assert not any(p.line.startswith("DELETE") for p in server.requests)
