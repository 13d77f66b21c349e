"""HDFS's checksum, its lazy entries, its errors, and pages that come ahead."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec import convert
from servers import Peer, reply, serving

from emr_nb.context import ClusterContext
from emr_nb.errors import FileError, HttpStatusError, PathDeniedError, PathNotDirectoryError
from emr_nb.files.crc32c import BlockChecksum, crcs
from emr_nb.files.webhdfs import WebHdfs
from emr_nb.files.webhdfs_entries import Status, entries_of, last_name
from emr_nb.files.webhdfs_errors import translate
from emr_nb.model import Cluster, Endpoint, FileEntry, FilePath, Service
from emr_nb.settings import Settings
from emr_nb.transport.base import Reply
from emr_nb.transport.direct import DirectRoute

FOLDER = FilePath("hdfs", "", "/dir")
MIB = 1 << 20


@pytest.fixture
def route() -> Iterator[DirectRoute]:
    made = DirectRoute(timeout=3)
    yield made
    made.close()


def store(route: DirectRoute, port: int) -> WebHdfs:
    absent: Any = None
    return WebHdfs(
        ClusterContext(
            cluster=Cluster("j-TEST", "test", "WAITING"),
            services=(Service("webhdfs", (Endpoint("webhdfs", "localhost", port),)),),
            route=route,
            access=absent,
            journal=absent,
            settings=Settings(request_timeout=3),
            user="anna",
        )
    )


# -- the checksum -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "told"),  # as a NameNode 3.4.2 told them of files with blocks of 1 MiB
    [
        (1, "dc236201841049096ad31b6213203a90"),
        (512, "12013bcab9aca8e8fe0c9eb3bd875235"),
        (MIB, "6ef78e31ca3c2cb93147372874f65205"),
        (MIB + 1, "e7bf24c88b4fe3b55501004ace0438df"),
        (2 * MIB + 777, "c261ff90607614c9a6eba36fdcf1e644"),
        (5 * MIB + 3, "942bda186589bd9aff4a06fa5c354cf4"),
    ],
)
@pytest.mark.parametrize("piece", [100_001, 6 * MIB])
def test_the_checksum_is_hdfs_own(size, told, piece):
    data = bytes((i * i + (i >> 8)) & 255 for i in range(size))
    sums = BlockChecksum(MIB)
    for at in range(0, size, piece):
        sums.update(data[at : at + piece])
    assert sums.hexdigest() == told


def test_the_crc_is_castagnoli_s():
    assert crcs(b"123456789") == bytes.fromhex("e3069283")
    assert crcs(bytes(32)) == bytes.fromhex("8a9136aa")  # RFC 3720's
    assert crcs(bytes(512) + b"123456789")[4:] == bytes.fromhex("e3069283")


@pytest.mark.parametrize("damaged", [False, True])
def test_an_upload_that_was_damaged_on_the_way_is_not_put_in_place(route, damaged):
    sums = BlockChecksum(128 * MIB)
    sums.update(b"other" if damaged else b"bytes")
    told = f"{'0' * 24}{sums.hexdigest()}00000000"
    status = {"pathSuffix": "", "type": "FILE", "length": 5, "blockSize": 128 * MIB}

    def act(peer: Peer) -> bool | None:
        operation = peer.line.split("op=")[1].split("&")[0].split(" ")[0]
        if operation == "GETFILESTATUS" and "/dir/file?" in peer.line and not renamed:
            peer.sock.sendall(remote("404 Not Found", "FileNotFoundException"))
        elif operation in ("CREATE", "GETFILECHECKSUM") and "hop=1" not in peer.line:
            at = f"http://localhost:{server.port}/x?op={operation}&hop=1"
            peer.sock.sendall(reply("307 Temporary", b"", f"Location: {at}"))
        elif operation == "CREATE":
            peer.sock.sendall(reply("201 Created", b"", "Connection: close"))
            return False
        elif operation == "GETFILECHECKSUM":
            found = {"algorithm": "MD5-of-0MD5-of-512CRC32C", "bytes": told, "length": 28}
            peer.sock.sendall(reply("200 OK", json.dumps({"FileChecksum": found}).encode()))
        elif operation == "GETSERVERDEFAULTS":
            found = {"FsServerDefaults": {"blockSize": 128 * MIB}}
            peer.sock.sendall(reply("200 OK", json.dumps(found).encode()))
        elif operation == "GETFILESTATUS":
            peer.sock.sendall(reply("200 OK", json.dumps({"FileStatus": status}).encode()))
        else:
            renamed.append(operation)
            peer.sock.sendall(reply("200 OK"))
        return None

    renamed: list[str] = []
    with serving(act) as server:
        fs = store(route, server.port)
        if damaged:
            with pytest.raises(FileError, match=r"other bytes than were sent \(checksum\)"):
                fs.write(FOLDER.child("file"), [b"bytes"])
            assert renamed == ["MKDIRS", "DELETE"]
        else:
            assert fs.write(FOLDER.child("file"), [b"bytes"]).size == 5
            assert renamed == ["MKDIRS", "RENAME"]


# -- entries ------------------------------------------------------------------------------


STATUS = {
    "pathSuffix": "part-0", "type": "FILE", "length": 7, "modificationTime": 1795751354596,
    "owner": "anna", "group": "staff", "permission": "640", "replication": 2,
    "blockSize": 1024, "aclBit": True, "fileId": 1,
}  # fmt: skip
PLAIN = FileEntry(
    FOLDER.child("part-0"), "file", 7, datetime(2026, 11, 27, 3, 49, 14, 596000, UTC),
    "anna", "staff", "640", 2, 1024, extra={"aclBit": "True"},
)  # fmt: skip


def test_an_entry_that_reads_its_fields_late_is_an_entry():
    (entry,) = entries_of(FOLDER, [convert(STATUS, Status)])
    assert entry == PLAIN
    assert entry in (PLAIN,)  # the other way round
    assert entry != replace(PLAIN, size=8)
    assert (entry.name, entry.is_directory) == ("part-0", False)
    assert asdict(entry) == asdict(PLAIN)
    assert replace(entry, size=8) == replace(PLAIN, size=8)
    assert type(replace(entry, size=8)) is FileEntry
    for same in (copy.copy(entry), pickle.loads(pickle.dumps(entry))):
        assert same == PLAIN
        assert type(same) is FileEntry
    with pytest.raises(AttributeError):
        entry.size = 8  # type: ignore[misc]


def test_a_file_lists_as_itself_and_little_may_be_told():
    (entry,) = entries_of(FOLDER, [Status("SYMLINK")])
    assert (entry.path, entry.name, entry.kind) == (FOLDER, "dir", "symlink")
    assert (entry.modified, entry.owner, entry.replication, entry.extra) == (None, "", None, {})


# -- errors -------------------------------------------------------------------------------


def told_by(name: str, message: str) -> Any:
    body = json.dumps({"RemoteException": {"exception": name, "message": message}})
    return translate(HttpStatusError("x", status=403, body=body), "hdfs:///p", "anna")


def remote(status: str, name: str, message: str = "m") -> bytes:
    return reply(
        status, json.dumps({"RemoteException": {"exception": name, "message": message}}).encode()
    )


def test_a_denial_says_which_right_on_what_and_whose_it_is():
    error = told_by(
        "AccessControlException",
        'Permission denied: user=anna, access=READ_EXECUTE, inode="/a "b":x":'
        "bert:staff:drwxr-x---+",
    )
    assert type(error) is PathDeniedError
    assert error.what == "'anna' may not read and enter /a \"b\":x: it is bert:staff drwxr-x---+"
    plain = told_by("AccessControlException", "Permission denied. user=anna is not the owner")
    assert "is not the owner" in plain.what
    assert "--user" in plain.advice


@pytest.mark.parametrize("name", ["AccessControlException", "ParentNotDirectoryException"])
def test_a_file_with_something_below_it_is_no_matter_of_rights(name):
    error = told_by(name, "/a/file (is not a directory)")
    assert type(error) is PathNotDirectoryError
    assert "/a/file is a file" in error.what


def test_safe_mode_by_httpfs_is_safe_mode():
    error = told_by("RemoteException", "Cannot rename /a. Name node is in safe mode.")
    assert "in safe mode and takes no changes" in error.what


# -- pages --------------------------------------------------------------------------------


def test_the_next_page_is_asked_for_ahead_and_used_once(route):
    def act(peer: Peer) -> None:
        after = peer.line.split("startAfter=")[1][0] if "startAfter=" in peer.line else ""
        names = {"": "ab", "b": "cd", "d": "e"}[after]
        found = [{"pathSuffix": name, "type": "FILE", "length": 1} for name in names]
        listing = {
            "partialListing": {"FileStatuses": {"FileStatus": found}},
            "remainingEntries": 0 if names == "e" else 3,
        }
        peer.sock.sendall(reply("200 OK", json.dumps({"DirectoryListing": listing}).encode()))

    with serving(act) as server:
        fs = store(route, server.port)
        for times in (1, 2):
            after, names = None, ""
            while True:
                page = fs.ls(FOLDER, after)
                names += "".join(entry.name for entry in page.items)
                after = page.after
                if after is None:
                    break
            assert names == "abcde"
            assert len(server.requests) == 3 * times


def test_a_listing_that_comes_whole_is_cut_into_pages(route):
    every = [{"pathSuffix": f"f{n:05d}", "type": "FILE", "length": n} for n in range(2500)]

    def act(peer: Peer) -> None:
        listing = {
            "partialListing": {"FileStatuses": {"FileStatus": every}},
            "remainingEntries": 0,
        }
        peer.sock.sendall(reply("200 OK", json.dumps({"DirectoryListing": listing}).encode()))

    with serving(act) as server:
        fs = store(route, server.port)
        pages = [fs.ls(FOLDER)]
        while pages[-1].after is not None:
            pages.append(fs.ls(FOLDER, pages[-1].after))
        assert [len(page.items) for page in pages] == [1000, 1000, 500]
        assert [entry.size for page in pages for entry in page.items] == list(range(2500))
        assert len(server.requests) == 1
        # a cursor whose rest is gone, or of another process, is found again
        again = store(route, server.port).ls(FOLDER, "f00999x")
        assert again.items[0].name == "f01000"


@pytest.mark.parametrize(
    "name", ["plain", 'q"uo\\te', "line\nbreak", "été 漢字😀", '"pathSuffix":"x"']
)
@pytest.mark.parametrize("spaced", [True, False])
def test_the_last_name_is_found_without_decoding(name, spaced):
    listing = {"partialListing": {"FileStatuses": {"FileStatus": [{**STATUS, "pathSuffix": name}]}}}

    def told(remaining: int) -> str:
        whole = {"DirectoryListing": {**listing, "remainingEntries": remaining}}
        text = json.dumps(whole, separators=None if spaced else (",", ":"))
        return last_name(Reply(200, {}, text.encode(), ""))

    assert (told(7), told(0)) == (name, "")
