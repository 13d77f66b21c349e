"""The file-system contract on S3, and what only S3 has: true keys, prefixes, identities."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from emr_nb.aws.access import AwsAccess
from emr_nb.aws.credentials import Credentials
from emr_nb.cluster_files import ClusterFiles
from emr_nb.context import ClusterContext
from emr_nb.errors import AwsCredentialsError, FileError, PathExistsError, PathNotFoundError
from emr_nb.files.globs import expand
from emr_nb.files.local import LocalFileSystem
from emr_nb.files.s3 import S3, S3Factory
from emr_nb.model import Cluster, FilePath
from emr_nb.settings import Settings
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import FileSystemContract, content, every_entry, names
from emr_nb.transport.direct import DirectRoute

pytest.importorskip("moto", reason="needs emr-nb[local]")

TRUE_KEYS = ["a//b", "/lead", "dir/", "a/../b", "./x", "a/.", "tab\tin", "\x01", "a\rb", "é+ &%2F"]


@pytest.fixture(scope="session")
def aws() -> Iterator[Any]:
    from emr_nb.local.aws_server.server import AwsServer

    with AwsServer() as server:
        yield server


def s3_at(url: str, access_key: str = "AKIATEST") -> S3:
    absent: Any = None
    context = ClusterContext(
        cluster=Cluster("j-TEST", "test", "WAITING"),
        services=(),
        route=DirectRoute(),
        access=AwsAccess(
            region="us-east-1", endpoint_url=url, credentials=Credentials(access_key, "secret")
        ),
        journal=absent,
        settings=Settings(request_timeout=20),
        user="anna",
    )
    return S3Factory()(context)


@pytest.fixture(scope="session")
def shared(aws: Any) -> S3:
    return s3_at(aws.url)


@pytest.fixture
def bucket(shared: S3) -> FilePath:
    made = FilePath("s3", f"test-{secrets.token_hex(6)}", "")
    shared._calls.request("PUT", made, "s3:CreateBucket")
    return made


class TestS3(FileSystemContract):
    # AWS takes a newline; the server here does not route one, and says 404
    refused_names = frozenset({"a\nb"})
    files_hold_names = True

    def fill(self, fs, folder, wanted):
        from moto.s3.models import s3_backends

        # the server runs in this process, and 2,500 requests to it take their time
        backend = s3_backends["123456789012"]["aws"]
        for name in wanted:
            backend.put_object(folder.authority, folder.child(name).key, b"x")

    @pytest.fixture
    def fs(self, shared: S3) -> S3:
        return shared

    @pytest.fixture
    def root(self, shared: S3, bucket: FilePath) -> FilePath:
        root = bucket.child("some folder")
        shared.mkdir(root)
        return root


@pytest.mark.parametrize("key", TRUE_KEYS)
def test_every_key_is_listed_and_read_as_it_is(shared, bucket, key):
    path = FilePath("s3", bucket.authority, key)
    shared.write(path, [key.encode()])
    assert content(shared, path) == key.encode()
    assert shared.info(path).path == path

    def walk(folder: FilePath) -> Iterator[str]:
        for entry in every_entry(shared, folder):
            if entry.is_directory:
                yield from walk(entry.path)
            else:
                yield entry.path.key

    assert list(walk(bucket)) == [key]
    for entry in every_entry(shared, bucket):
        shared.rm(entry.path, recursive=True)
    assert every_entry(shared, bucket) == []


def test_the_root_lists_buckets(shared, bucket):
    found = {entry.path: entry.kind for entry in every_entry(shared, FilePath("s3", "", ""))}
    assert found[bucket] == "directory"
    assert shared.info(bucket).is_directory


def test_a_pattern_may_stand_for_buckets(shared):
    stem = f"flights-{secrets.token_hex(4)}"
    for name, keys in {"east": ("2013/a.csv", "x"), "west": ("2013/b.csv",), "none": ()}.items():
        made = FilePath("s3", f"{stem}-{name}", "")
        shared._calls.request("PUT", made, "s3:CreateBucket")
        for key in keys:
            shared.write(made.child(key), [b"x"])

    def found(pattern: str) -> list[str]:
        text = f"s3://{stem}-{pattern}"
        told = [str(match.path) for match in expand(text, FilePath.parse, lambda _: shared)]
        return sorted(name.removeprefix(f"s3://{stem}-") for name in told)

    assert found("*") == ["east/", "none/", "west/"]
    assert found("?est/*/") == ["west/2013/"]
    assert found("*/2013/*.csv") == ["east/2013/a.csv", "west/2013/b.csv"]
    assert found("*/x") == ["east/x"]
    assert found("{east,w*}/**/b.csv") == ["west/2013/b.csv"]
    with pytest.raises(PathNotFoundError, match="Nothing matches"):
        found("*/nothing")


def test_a_bucket_that_is_not_there(shared):
    gone = FilePath("s3", "no-such-bucket-here", "")
    for act in (lambda: every_entry(shared, gone), lambda: shared.info(gone)):
        with pytest.raises(PathNotFoundError):
            act()


def test_emrfs_markers_are_directories(shared, bucket):
    shared.write(bucket.child("empty_$folder$"), [])
    shared.write(bucket.child("full_$folder$"), [])
    shared.write(FilePath("s3", bucket.authority, "full/file"), [b"x"])
    found = [(entry.path.key, entry.kind) for entry in every_entry(shared, bucket)]
    assert sorted(found) == [("empty/", "directory"), ("full/", "directory")]
    assert shared.info(bucket.child("empty")).is_directory
    assert every_entry(shared, bucket.child("empty")) == []
    shared.rm(bucket.child("empty"), recursive=True)
    assert names(shared, bucket) == {"full"}


def test_expired_credentials_say_so(aws, bucket):
    fs = s3_at(aws.url, "AKIAOLD")
    aws.expire("AKIAOLD")
    for act in (
        lambda: fs.ls(bucket),
        lambda: fs.info(bucket.child("x")),
        lambda: fs.write(bucket.child("x"), [b"x"]),
        lambda: content(fs, bucket.child("x")),
    ):
        with pytest.raises(AwsCredentialsError, match="credentials"):
            act()


def test_client_side_encrypted_objects_are_not_shown_as_if_plain(shared, bucket):
    path = bucket.child("cse")
    shared._calls.request(
        "PUT", path, "s3:PutObject", body=b"cipher", headers={"x-amz-meta-x-amz-key-v2": "abc"}
    )
    with pytest.raises(FileError, match="ciphertext"):
        content(shared, path)


class TestS3Faults:
    """Faults between us and the server: nothing is lost, doubled, damaged or left behind."""

    @pytest.fixture
    def proxy(self, aws):
        with FaultProxy("127.0.0.1", aws.port) as proxy:
            yield proxy

    @pytest.fixture
    def fs(self, proxy: FaultProxy) -> S3:
        return s3_at(f"http://127.0.0.1:{proxy.port}")

    @pytest.mark.parametrize("after", [0, 1, 5_000_000])
    def test_a_cut_body_goes_on_at_the_same_byte(self, fs, proxy, shared, bucket, after):
        data = bytes(range(256)) * 40_000
        shared.write(bucket.child("big"), [data])
        proxy.add(Rule("GET", "/big", "truncate", after_bytes=after, times=2))
        assert content(fs, bucket.child("big")) == data
        assert content(fs, bucket.child("big"), 100, 1000) == data[100:1100]

    def test_an_object_replaced_while_it_is_read_is_an_error(self, fs, proxy, shared, bucket):
        path = bucket.child("big")
        shared.write(path, [b"1" * 10_000_000])
        proxy.add(Rule("GET", "/big", "truncate", after_bytes=5_000_000, times=1))
        reader = fs.read(path)
        next(reader)
        shared.write(path, [b"2" * 10_000_000], overwrite=True)
        with pytest.raises(FileError, match="replaced"):
            list(reader)

    def test_damaged_bytes_are_noticed(self, fs, proxy, shared, bucket):
        shared.write(bucket.child("big"), [b"good" * 1000])
        proxy.add(Rule("GET", "/big", "rewrite", find="goodgood", replace="badbadba"))
        with pytest.raises(FileError, match="checksum"):
            content(fs, bucket.child("big"))

    @pytest.mark.parametrize("size", [1000, 20_000_000])
    @pytest.mark.parametrize("method", ["PUT", "POST"])
    def test_a_lost_reply_to_a_write_is_looked_up(self, fs, proxy, shared, bucket, size, method):
        proxy.add(Rule(method, "/once", "drop_reply", times=1, skip=int(method == "POST")))
        data = secrets.token_bytes(1000) * (size // 1000)
        assert fs.write(bucket.child("once"), [data]).size == size
        assert content(shared, bucket.child("once")) == data

    @pytest.mark.parametrize("status", [500, pytest.param(503, marks=pytest.mark.full)])
    def test_a_failed_part_leaves_no_upload(self, fs, proxy, bucket, status):
        proxy.add(Rule("PUT", "partNumber=2", "status", status=status))
        with pytest.raises(Exception, match=str(status)):
            fs.write(bucket.child("broken"), [b"x" * 20_000_000])
        assert proxy.count("uploadId=", "DELETE") == 1
        assert names(fs, bucket) == set()

    def test_slow_down_is_waited_for(self, fs, proxy, bucket):
        proxy.add(Rule("GET", "list-type=2", "status", status=503, times=2))
        assert names(fs, bucket) == set()

    def test_a_race_for_a_name_is_decided_by_the_server(self, fs, shared, bucket):
        path = bucket.child("once")

        def chunks() -> Iterator[bytes]:
            shared.write(path, [b"theirs"])  # after our own look, before our bytes
            yield b"ours"

        with pytest.raises(PathExistsError):
            fs.write(path, chunks())
        assert content(shared, path) == b"theirs"


def test_odd_keys_come_down_as_files_below_the_folder_each_its_own(shared, bucket, tmp_path):
    stores: dict[str, Any] = {"s3": shared, "file": LocalFileSystem()}
    cluster: Any = SimpleNamespace(
        name="aws", path=FilePath.parse, filesystem=lambda path: stores[path.scheme]
    )
    files = ClusterFiles(cluster)
    keys = [
        "a//b",
        "a/b",
        "a/../b",
        "../x",
        "/lead",
        "./x",
        "x/dir/",
        "tab\tin",
        "x" * 300,
        "é+ &%",
    ]
    for key in keys:
        shared.write(FilePath("s3", bucket.authority, f"p/{key}"), [key.encode()])
    files.get(f"{bucket}p", tmp_path / "down", recursive=True)
    found = [p for p in (tmp_path / "down").rglob("*") if p.is_file()]
    assert sorted(p.read_bytes() for p in found) == sorted(key.encode() for key in keys)
    assert [p.name for p in tmp_path.iterdir()] == ["down"]
    files.copy(f"{bucket}p", f"{bucket}q", recursive=True)
    assert {e.path.key for e in files.walk(f"{bucket}q") if not e.is_directory} == {
        f"q/{key}" for key in keys
    }
    files.put(tmp_path / "down", f"{bucket}back", recursive=True)
    assert files.du(f"{bucket}back").files == len(keys)
    plan = files.plan_sync(tmp_path.joinpath("down").as_uri(), f"{bucket}back")
    assert all(t.is_whole for t in plan.transfers)
    assert plan.extra == []
