"""Byte strings are found in a SequenceFile as Spark's saveAsObjectFile writes it, or refused."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.errors import ResultError
from emr_nb.results.object_file import ObjectFile

SYNC = bytes(range(16))
CLASS = b"\x72%s\x4b\xfd\x19\x15\x67\x67\xdb\x37\x02\x00\x00\x78\x70"


def text(value: bytes) -> bytes:
    return bytes([len(value)]) + value


def array_class(name: bytes) -> bytes:
    return CLASS.replace(b"%s", struct.pack(">H", len(name)) + name)


def serialized(group: list[bytes]) -> bytes:
    """Java's serialization of a `byte[][]`: its class once, then references to it."""
    body = b"\xac\xed\x00\x05\x75" + array_class(b"[[B") + struct.pack(">i", len(group))
    for at, item in enumerate(group):
        kind = array_class(b"[B") if at == 0 else b"\x71\x00\x7e\x00\x02"
        body += b"\x75" + kind + struct.pack(">i", len(item)) + item
    return body


def header(value: bytes = b"org.apache.hadoop.io.BytesWritable", packed: bool = False) -> bytes:
    names = text(b"org.apache.hadoop.io.NullWritable") + text(value)
    return b"SEQ\x06" + names + bytes([packed, 0]) + struct.pack(">i", 0) + SYNC


def record(group: list[bytes]) -> bytes:
    body = serialized(group)
    return struct.pack(">iii", len(body) + 4, 0, len(body)) + body


def mark() -> bytes:
    return struct.pack(">i", -1) + SYNC


def read(data: bytes, block: int = 1 << 20) -> list[bytes]:
    file = ObjectFile()
    starts = range(0, max(1, len(data)), block)
    found = [bytes(item) for at in starts for item in file.feed(data[at : at + block])]
    file.end()
    return found


@settings(deadline=None)
@given(st.lists(st.lists(st.binary(max_size=40), max_size=10), max_size=5))
def test_what_was_written_is_read_in_order(groups: list[list[bytes]]) -> None:
    data = header() + b"".join(mark() + record(group) for group in groups)
    assert read(data) == [item for group in groups for item in group]


@settings(deadline=None)
@given(
    st.lists(st.lists(st.binary(max_size=40), max_size=10), max_size=5),
    st.integers(len(header()), 300),
)
def test_blocks_may_end_anywhere(groups: list[list[bytes]], block: int) -> None:
    data = header() + b"".join(mark() + record(group) for group in groups)
    assert read(data, block) == [item for group in groups for item in group]


WHOLE = header() + record([b"one", b"two"]) + mark() + record([b"three"])


@pytest.mark.parametrize("end", [*range(1, len(header())), len(WHOLE) - 1, len(WHOLE) - 60])
def test_a_file_that_ends_early_is_refused(end: int) -> None:
    with pytest.raises(ResultError, match="cannot be read"):
        read(WHOLE[:end])


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PAR1" + WHOLE, "does not begin as a SequenceFile"),
        (header(b"org.apache.hadoop.io.Text"), "holds org.apache.hadoop.io.Text"),
        (header(packed=True), "is compressed"),
        (header() + struct.pack(">i", -1) + bytes(16), "mark is wrong"),
        (header() + record([b"x"]).replace(b"\xac\xed", b"\xac\xee"), "no serialized array"),
        (header() + record([b"x"]).replace(b"\x75\x72\x00\x02", b"\x74\x72\x00\x02"), "something"),
    ],
)
def test_what_is_none_is_refused_by_name(data: bytes, said: str) -> None:
    with pytest.raises(ResultError, match=said):
        read(data)
