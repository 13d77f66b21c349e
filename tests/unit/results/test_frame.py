"""Frames survive any noise around them, and any damage inside them is found."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emr_nb.engines.livy.remote.output import Output
from emr_nb.engines.livy.remote.store import KEPT, GoneError, Store
from emr_nb.errors import ResultError
from emr_nb.results.frame import (
    Failure,
    Mime,
    TablePart,
    Text,
    ValuePart,
    read_failure,
    read_output,
)

TAG = "0123456789abcdef0123456789abcdef"
NOISE = st.text(
    alphabet=st.one_of(
        st.characters(exclude_categories=["Cs"]),
        st.sampled_from("\0\x1b\r\n\u2028\u2029\x85<>/ "),
    )
)
TRICKY = st.one_of(
    NOISE, st.sampled_from(["<emr_nb ", f"<emr_nb {TAG} table", "</emr_nb>", "\x1b[31m"])
)


def output(chunk_bytes: int = 8 << 20, store: Store | None = None) -> Output:
    return Output(TAG, chunk_bytes, store or Store())


def texts(parts: list[object]) -> str:
    return "".join(part.text for part in parts if isinstance(part, Text))


@settings(deadline=None)  # a loaded machine is no fault
@given(before=TRICKY, between=TRICKY, after=TRICKY, payload=st.binary(max_size=4000))
def test_noise_around_frames_changes_nothing(
    before: str, between: str, after: str, payload: bytes
) -> None:
    out = output()
    out.write("stdout", before)
    out.emit("table", {"role": "result", "rows": 1}, payload)
    out.write("stdout", between)
    out.emit("mime", {"metadata": {}}, json.dumps({"text/plain": between}).encode())
    parts = read_output(out.finish() + after, TAG)
    tables = [part for part in parts if isinstance(part, TablePart)]
    assert [part.payload for part in tables] == [payload]
    assert [part.data["text/plain"] for part in parts if isinstance(part, Mime)] == [between]
    assert texts(parts) == before + between + after


@settings(deadline=None)  # a loaded machine is no fault
@given(payload=st.binary(min_size=1, max_size=3000), data=st.data())
def test_any_changed_character_of_a_frame_is_found(payload: bytes, data: st.DataObject) -> None:
    out = output()
    out.emit("table", {"role": "result"}, payload)
    text = out.finish().rstrip("\n")
    at = data.draw(st.integers(0, len(text) - 1))
    new = data.draw(st.characters(codec="ascii").filter(lambda c: c != text[at]))
    damaged = text[:at] + new + text[at + 1 :]
    try:
        parts = read_output(damaged, TAG)
    except ResultError:
        return
    # the mark itself is unreadable: then it is text, never a shorter table
    assert parts == [Text(damaged)]


@settings(deadline=None)  # a loaded machine is no fault
@given(payload=st.binary(min_size=20, max_size=3000), data=st.data())
def test_a_cut_frame_is_never_a_result(payload: bytes, data: st.DataObject) -> None:
    out = output()
    out.emit("table", {"role": "result"}, payload)
    text = out.finish().rstrip("\n")
    cut = text[: data.draw(st.integers(0, len(text) - 1))]
    try:
        parts = read_output(cut, TAG)
    except ResultError:
        return
    assert not any(isinstance(part, TablePart) for part in parts)


@settings(deadline=None)  # a loaded machine is no fault
@given(payload=st.binary(max_size=5000), chunk_bytes=st.integers(4, 900))
def test_chunks_come_back_whole(payload: bytes, chunk_bytes: int) -> None:
    from emr_nb.engines.livy.remote import frames

    store = Store()
    out = output(chunk_bytes, store)
    out.emit("table", {"role": "result", "rows": 3}, payload)
    asked: list[int] = []

    def fetch(seq: int, index: int) -> str:
        asked.append(index)
        chunk = store.chunk(TAG, seq, index)
        assert len(chunk) <= chunk_bytes
        return "noise " + frames.encode(TAG, "chunk", seq, {"index": index}, chunk) + "noise"

    (part,) = read_output(out.finish(), TAG, fetch)
    assert isinstance(part, TablePart)
    assert part.payload == payload
    assert asked == sorted(asked)


def test_a_chunk_of_another_index_is_refused() -> None:
    from emr_nb.engines.livy.remote import frames

    store = Store()
    out = output(400, store)
    out.emit("table", {"role": "result"}, random.Random(1).randbytes(2000))

    def wrong(seq: int, index: int) -> str:
        return frames.encode(TAG, "chunk", seq, {"index": index + 1}, store.chunk(TAG, seq, index))

    with pytest.raises(ResultError, match=r"chunk 1 .* did not come"):
        read_output(out.finish(), TAG, wrong)


def test_frames_of_another_statement_are_text() -> None:
    out = output()
    out.emit("table", {"role": "result"}, b"rows")
    text = out.finish()
    assert read_output(text, "f" * 32) == [Text(text)]


def test_stderr_is_told_apart_and_stays_in_order() -> None:
    out = output()
    for stream, text in [("stdout", "a"), ("stderr", "b"), ("stderr", "c\n"), ("stdout", "d")]:
        out.write(stream, text)
    assert read_output(out.finish(), TAG) == [Text("a"), Text("bc\n", "stderr"), Text("d")]


def test_text_too_long_for_a_statement_comes_in_chunks() -> None:
    from emr_nb.engines.livy.remote import frames

    store = Store()
    out = output(1000, store)
    long = "".join(chr(33 + (at * 7919) % 90) for at in range(1_060_000))
    out.write("stdout", long)
    out.emit("table", {"role": "result"}, b"rows")

    def fetch(seq: int, index: int) -> str:
        return frames.encode(TAG, "chunk", seq, {"index": index}, store.chunk(TAG, seq, index))

    text = out.finish()
    assert len(text) < 3000
    first, table = read_output(text, TAG, fetch)
    assert isinstance(first, Text)
    assert isinstance(table, TablePart)
    assert (first.text, table.payload) == (long, b"rows")


def test_a_failure_keeps_what_was_printed_before() -> None:
    out = output()
    out.write("stdout", "before\n")
    told = {"ename": "ValueError", "evalue": "x", "line": 3, "traceback": ["Traceback\n", "x\n"]}
    out.emit("error", told)
    parts = read_failure("x\n" + out.finish(), TAG)
    assert parts == [Text("before\n"), Failure("ValueError", "x", ("Traceback\n", "x\n"), 3)]
    assert read_failure("some other error", TAG) == []


def test_plain_values_come_back_as_they_were() -> None:
    from emr_nb.engines.livy.remote.local_frames import NotBringableError, plain

    value = {"a": [1, 2**70, -0.0, float("inf"), None, True, "é\u2028"], "float": {"dict": []}}
    out = output()
    out.emit("value", {"output": "v"}, json.dumps(plain(value, "v")).encode())
    (part,) = read_output(out.finish(), TAG)
    assert isinstance(part, ValuePart)
    assert part.value == value
    assert str(part.value["a"][2]) == "-0.0"
    for odd in [(1,), {1: 2}, {"a": {1, 2}}, [object()]]:
        with pytest.raises(NotBringableError, match="v"):
            plain(odd, "v")


def test_the_store_is_bounded_and_forgets_what_was_fetched() -> None:
    store = Store()
    for at in range(KEPT + 3):
        store.keep(f"t{at}", 0, ["a", "b"])
    store.sweep()
    with pytest.raises(GoneError, match="not kept"):
        store.chunk("t0", 0, 1)
    assert store.chunk(f"t{KEPT + 2}", 0, 1) == "b"
    store.sweep()
    with pytest.raises(GoneError):
        store.chunk(f"t{KEPT + 2}", 0, 1)
    store.release("t4")
    with pytest.raises(GoneError):
        store.chunk("t4", 0, 1)
