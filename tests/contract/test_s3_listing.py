"""Listings of S3: every name, every version, ranges side by side, folders once."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from s3_rig import ACCOUNT, new_bucket, put, s3_at

from emr_nb.errors import (
    FileError,
    PathIsDirectoryError,
    PathNotDirectoryError,
    PathNotFoundError,
)
from emr_nb.files import s3_xml
from emr_nb.files.abilities import Checksums, Touches, Versions, Walks
from emr_nb.model import FilePath
from emr_nb.testing.fault_proxy import FaultProxy, Rule
from emr_nb.testing.filesystems import content, every_entry

pytest.importorskip("moto", reason="needs emr-nb[local]")

ODD = [
    *(
        "a//b",
        "a///b",
        "/lead",
        "//lead",
        "dir/",
        "dir//",
        "a/../b",
        "../x",
        "./x",
        "a/.",
        "..",
        ".",
    ),
    *(
        "tab\tin",
        "quo'te\"s",
        "per%cent",
        "per%20cent",
        "pl+us",
        "sp ace",
        " lead",
        "tail ",
        "😀/é",
    ),
    *(
        "e\u0301",
        "\u202etxt.exe",
        "<img onerror=x>",
        "a&b;c",
        "a?b#c",
        "a\\b",
        "~x",
        "x*y",
        "a=b/c",
    ),
    *("\x01", "a\rb", "\u2028", "]]>", "&amp;", "x" * 255, "table/_temporary/0", "ÿ\uffef"),
]
# what moto's own routing cannot serve: a newline; surrogates are no UTF-8, and no keys
KEYS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\n\x85"), min_size=1, max_size=40
)
WITH_SLASHES = st.lists(
    st.sampled_from(["/", "a", "..", ".", " ", "%", "+", "é", "b"]), min_size=1
).map("".join)


@pytest.fixture(scope="module")
def fs(aws):
    return s3_at(aws.url)


@pytest.fixture
def bucket():
    return new_bucket()


def files(entries) -> list[str]:
    return sorted(entry.path.key for entry in entries if not entry.is_directory)


def by_folders(fs, folder: FilePath) -> tuple[list[str], list[str]]:
    """List folder by folder; returns keys of files, and of folders."""
    found, folders = [], []
    for entry in every_entry(fs, folder):
        if entry.is_directory:
            folders.append(entry.path.key)
            deeper = by_folders(fs, entry.path)
            found += deeper[0]
            folders += deeper[1]
        else:
            found.append(entry.path.key)
    return sorted(found), sorted(folders)


def test_an_unruly_prefix_beside_a_thousand_plain_keys(fs, bucket):
    keys = ODD + [f"plain/{number:04d}" for number in range(1000)]
    for key in keys:
        put(bucket, f"p/{key}", key.encode())
    wanted = sorted(f"p/{key}" for key in keys)
    assert files(fs.walk(bucket.child("p"))) == wanted
    found, folders = by_folders(fs, bucket.child("p"))
    assert found == wanted
    assert sorted(e.path.key for e in fs.walk(bucket.child("p")) if e.is_directory) == folders
    for entry in fs.walk(bucket):
        if not entry.is_directory and "/plain/" not in entry.path.key:
            assert content(fs, entry.path) == entry.path.key[2:].encode()
            assert fs.info(entry.path).path == entry.path


def test_names_that_begin_in_one_way(fs, bucket):
    name = bucket.authority
    found = fs.beginning(FilePath("s3", "", ""), name[:-1]).items
    assert bucket in [e.path for e in found]
    assert all(e.path.authority.startswith(name[:-1]) for e in found)
    for key in ("d/ab", "d/ab/x", "d/abc/y", "d/b"):
        put(bucket, key)
    told = fs.beginning(bucket.child("d"), "ab").items
    assert sorted((e.path.key, e.kind) for e in told) == [
        ("d/ab", "file"), ("d/ab/", "directory"), ("d/abc/", "directory"),
    ]  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(keys=st.lists(KEYS | WITH_SLASHES, min_size=1, max_size=6, unique=True))
def test_every_name_makes_the_round_trip(fs, keys):
    bucket = new_bucket()
    written = []
    for key in keys:
        if not _routed(key):
            continue
        fs._calls.request("PUT", FilePath("s3", bucket.authority, key), "s3:PutObject", body=b"x")
        written.append(key)
    assert files(fs.walk(bucket)) == sorted(written)
    assert by_folders(fs, bucket)[0] == sorted(written)
    for key in written:
        assert content(fs, FilePath("s3", bucket.authority, key)) == b"x"


def _routed(key: str) -> bool:
    """Tell whether the server here serves a key: AWS does serve what it does not."""
    return len(key.encode()) <= 1024


@given(
    keys=st.lists(st.text(max_size=20), max_size=5),
    folders=st.lists(st.text(max_size=20), max_size=3),
    token=st.none() | st.text(min_size=1, max_size=9),
)
def test_the_fast_reader_reads_what_the_parser_reads(keys, folders, token):
    from urllib.parse import quote_plus
    from xml.sax.saxutils import escape

    keys = [key for key in keys if key.encode("utf-8", "ignore").decode() == key]
    folders = [key for key in folders if key.encode("utf-8", "ignore").decode() == key]
    token = token if token and s3_xml.can_spell(token) and token.strip() == token else None
    rows = "".join(
        f"<Contents><Key>{quote_plus(key)}</Key><LastModified>2026-01-02T03:04:05.000Z"
        f"</LastModified><ETag>&quot;abc{number}&quot;</ETag>"
        f"{'<ChecksumAlgorithm>CRC32</ChecksumAlgorithm>' if number % 2 else ''}<Size>{number}"
        "</Size><StorageClass>STANDARD</StorageClass></Contents>"
        for number, key in enumerate(keys)
    )
    rows += "".join(
        f"<CommonPrefixes><Prefix>{quote_plus(key)}</Prefix></CommonPrefixes>" for key in folders
    )
    more = f"<NextContinuationToken>{escape(token)}</NextContinuationToken>" if token else ""
    body = (
        '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<EncodingType>url</EncodingType><IsTruncated>{str(bool(token)).lower()}</IsTruncated>"
        f"{more}{rows}</ListBucketResult>"
    ).encode()
    fast, slow = s3_xml.listing(body), s3_xml._listing_by_parser(body)
    assert list(fast.objects) == list(slow.objects)
    assert list(fast.prefixes) == list(slow.prefixes)
    assert fast.token == slow.token == token
    assert [found.key for found in fast.objects] == keys


@pytest.mark.parametrize("page", [pytest.param(1, marks=pytest.mark.full), 3, 1000])
def test_ranges_side_by_side_find_each_key_and_folder_once(fs, bucket, page, monkeypatch):
    monkeypatch.setattr("emr_nb.files.s3_list.PAGE", page)
    keys = [f"t/a/b{n}/c{m}" for n in range(9) for m in range(3)]
    keys += ["t/a/b3", "t/a/b3.x", "t/a/b4/", "t/z", "t/a//q", "t/a/b5/d/e", "t/a/b0", "t/a/b9\t/x"]
    for key in keys:
        put(bucket, key, b"" if key.endswith("/") else b"x")
    put(bucket, "t/a/b7_$folder$", b"")
    put(bucket, "t/a/empty_$folder$", b"")
    for root in ("t", "t/a", "t/a/", ""):
        entries = list(fs.walk(FilePath("s3", bucket.authority, root)))
        paths = [entry.path.key for entry in entries]
        assert len(paths) == len(set(paths))
        folder = root if root.endswith("/") or not root else root + "/"
        wanted = [k for k in keys if k.startswith(folder) and not k.endswith("/")]
        assert files(entries) == sorted(wanted)
        folders = {e.path.key for e in entries if e.is_directory}
        assert folders == set(by_folders(fs, FilePath("s3", bucket.authority, root))[1])
        assert "t/a/empty/" in folders


@pytest.mark.parametrize(
    "names",
    [
        [f"part-{number:05d}" for number in range(60)],
        [f"log.{number}" for number in range(60)],
        [f"{number * 0x9E3779B1 % 2**32:08x}-{number}" for number in range(60)],
        [f"same/{number}" for number in range(60)],
        ["z" * (number + 1) for number in range(40)],
        [chr(0x4E00 + number) for number in range(40)],
    ],
)
def test_a_flat_folder_is_listed_whole_wherever_its_cuts_were_guessed(
    fs, bucket, names, monkeypatch
):
    monkeypatch.setattr("emr_nb.files.s3_list.PAGE", 3)
    for name in names:
        put(bucket, f"flat/{name}")
    entries = [e.path.key for e in fs.walk(bucket.child("flat")) if not e.is_directory]
    assert sorted(entries) == sorted(f"flat/{name}" for name in names)


def test_a_walk_of_a_file_of_nothing_and_of_what_is_left_early(fs, bucket, monkeypatch):
    monkeypatch.setattr("emr_nb.files.s3_list.PAGE", 2)
    for number in range(40):
        put(bucket, f"d/{number // 4}/{number}")
    put(bucket, "d/file")
    assert isinstance(fs, Walks)
    assert [e.path.key for e in fs.walk(bucket.child("d/file"))] == ["d/file"]
    with pytest.raises(PathNotFoundError):
        list(fs.walk(bucket.child("nothing")))
    assert list(fs.walk(bucket.child("d/9/"))) != []
    walking = fs.walk(bucket)
    assert next(walking).is_directory
    walking.close()


def test_a_fault_in_a_range_is_raised_where_it_is_read(aws, bucket, monkeypatch):
    monkeypatch.setattr("emr_nb.files.s3_list.PAGE", 2)
    for number in range(40):
        put(bucket, f"d/{number // 4}/{number}")
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        ours = s3_at(f"http://127.0.0.1:{proxy.port}")
        denied = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        proxy.add(Rule("GET", "start-after=d%2F3", "instead", status=403, body=denied))
        with pytest.raises(PermissionError, match="s3:ListBucket"):
            list(ours.walk(bucket))


def test_the_next_page_of_a_folder_is_fetched_ahead(aws, bucket, monkeypatch):
    monkeypatch.setattr("emr_nb.files.s3_list.PAGE", 2)
    for number in range(6):
        put(bucket, f"k{number}")
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        ours = s3_at(f"http://127.0.0.1:{proxy.port}")
        page = ours.ls(bucket)
        found = list(page.items)
        while page.after is not None:
            page = ours.ls(bucket, page.after)
            found += page.items
        assert [entry.name for entry in found] == [f"k{number}" for number in range(6)]
        assert proxy.count("list-type=2") == 3  # no page was asked for twice
        ours.ls(bucket)
        again = ours.ls(bucket)  # the one ahead is kept, or asked for again: never mixed up
        assert [entry.name for entry in ours.ls(bucket, again.after).items] == ["k2", "k3"]


def test_versions_are_listed_and_read(fs, bucket):
    from moto.s3.models import s3_backends

    s3_backends[ACCOUNT]["aws"].put_bucket_versioning(bucket.authority, "Enabled")
    path = bucket.child("k ey")
    for text in (b"one", b"two", b"three"):
        fs.write(path, [text], overwrite=True)
    fs.rm(path)
    put(bucket, "k ey2")
    assert isinstance(fs, Versions)
    found = list(fs.versions(path).items)
    assert [e.extra.get("deleted", "") for e in found] == ["true", "", "", ""]
    assert [e.size for e in found[1:]] == [5, 3, 3]
    texts = [b"".join(fs.read(path, version=e.extra["version"])) for e in found[1:]]
    assert texts == [b"three", b"two", b"one"]
    assert {e.path.key for e in fs.versions(bucket).items} == {"k ey", "k ey2"}
    with pytest.raises(PathNotFoundError):
        fs.versions(bucket.child("never"))


def test_checksums_are_told(fs, bucket):
    import hashlib

    assert isinstance(fs, Checksums)
    fs.write(bucket.child("x"), [b"hello"])
    told = fs.checksum(bucket.child("x"))
    assert (told.algorithm, told.value) == ("MD5", hashlib.md5(b"hello").hexdigest())
    fs.write(bucket.child("large"), [secrets.token_bytes(9_000_000)])
    assert fs.checksum(bucket.child("large")).algorithm == "ETag"


def test_a_folder_moves_with_all_that_lies_below_it(fs, bucket):
    for key in ODD:
        put(bucket, f"old/{key}", key.encode())
    fs.mv(bucket.child("old"), bucket.child("new/place"))
    assert files(fs.walk(bucket)) == sorted(f"new/place/{key}" for key in ODD)
    assert content(fs, bucket.child("new/place/a//b")) == b"a//b"


def test_a_move_that_fails_removes_nothing(aws, bucket):
    for number in range(20):
        put(bucket, f"old/{number}")
    with FaultProxy("127.0.0.1", aws.port) as proxy:
        ours = s3_at(f"http://127.0.0.1:{proxy.port}")
        denied = b"<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
        proxy.add(Rule("PUT", "/new/7", "instead", status=403, body=denied))
        with pytest.raises(PermissionError):
            ours.mv(bucket.child("old"), bucket.child("new"))
        assert len(files(ours.walk(bucket.child("old")))) == 20


def test_a_file_is_no_folder_and_a_folder_no_file(fs, bucket):
    put(bucket, "file")
    put(bucket, "dir/x")
    with pytest.raises(PathNotDirectoryError):
        fs.ls(bucket.child("file/"))
    with pytest.raises(PathIsDirectoryError):
        content(fs, bucket.child("dir"))


def test_touch_makes_what_is_not_there(fs, bucket):
    assert isinstance(fs, Touches)
    assert fs.touch(bucket.child("_SUCCESS")).size == 0
    with pytest.raises(FileError, match="cannot be set"):
        fs.touch(bucket.child("_SUCCESS"))


def test_the_buckets_own_encryption_is_told(fs, bucket):
    rule = (
        b"<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>"
        b"<SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>alias/k</KMSMasterKeyID>"
        b"</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>"
    )
    fs._calls.request(
        "PUT", bucket, "s3:PutEncryptionConfiguration", params={"encryption": ""}, body=rule
    )
    facts = dict(fs.detail(bucket).facts)
    assert facts["New objects"] == "the bucket's default: SSE-KMS, key alias/k"
    entry = fs.write(bucket.child("x"), [b"x"])
    assert entry.extra["encryption"] == "SSE-KMS"
