"""Read what a session printed: text, and our frames found in it by tag, length and checksum.

A frame is `<emr_nb TAG KIND SEQ HEADER PAYLOAD CRC>` + header + payload + `</emr_nb>`, as
`engines/livy/remote/frames.py` writes it; anything may stand around it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emr_nb.errors import ResultError

FetchChunk = Callable[[int, int], str]

_END = "</emr_nb>"


@dataclass(frozen=True, slots=True)
class Text:
    """Text that the session printed; `stream` is `stdout` or `stderr`."""

    text: str
    stream: str = "stdout"


@dataclass(frozen=True, slots=True)
class Mime:
    """A MIME bundle that the session displayed."""

    data: Mapping[str, Any]
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table on its way: see `assemble`; `output` names the variable of `-o`.

    `is_result` tells the cell's own result (of `-o`, of SQL, of the last expression) from a
    table that `display` showed on the way.
    """

    header: Mapping[str, Any]
    payload: bytes
    spooled: Any = None  # the table, where it came by way of a store

    @property
    def is_spooled(self) -> bool:
        return self.header.get("carrier") == "spool"

    @property
    def output(self) -> str | None:
        return self.header.get("output")

    @property
    def is_result(self) -> bool:
        return self.header.get("role") == "result"


@dataclass(frozen=True, slots=True)
class ValuePart:
    """A plain value brought by `-o`."""

    output: str
    value: Any


@dataclass(frozen=True, slots=True)
class Written:
    """A table that the engine wrote to files on the cluster."""

    path: str
    format: str
    files: int
    bytes: int


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """What the session told of itself: its variables' type names, and where it runs.

    `columns` are those of frames by variable, `members` the public names of the variables'
    types by type name, `modules` those of modules by variable.
    """

    names: Mapping[str, str]
    app_id: str
    ui_url: str
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    members: Mapping[str, Sequence[str]] = field(default_factory=dict)
    modules: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Failure:
    """How a cell failed: the user's own frames, and `line` of the cell where it is known."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]
    line: int | None


@dataclass(frozen=True, slots=True)
class Answered:
    """What a question to the session was answered: facts and bytes."""

    header: Mapping[str, Any]
    payload: bytes


_WITH_BYTES: Mapping[str, Callable[[Mapping[str, Any], bytes], TablePart | Answered]] = {
    "table": TablePart,
    "answer": Answered,
}
Part = Text | Mime | TablePart | ValuePart | Written | SessionFacts | Failure | Answered


@dataclass(frozen=True, slots=True)
class ChunkWanted:
    """A chunk that a further statement (`chunk_code`) must fetch; `index` runs from 1.

    `chunks` is how many the payload has in all, `rows` and `bytes` the size of the whole.
    """

    seq: int
    index: int
    chunks: int
    rows: int | None
    bytes: int


Reading = Generator[ChunkWanted, str, list[Part]]


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it was found: its header and its payload's first chunk, still encoded."""

    kind: str
    seq: int
    header: Mapping[str, Any]
    chunk: bytes


def split(text: str, tag: str) -> Iterator[str | Frame]:
    """Yield text and frames of one statement in order; raises ResultError on a damaged frame."""
    start = re.compile(
        rf"<emr_nb {re.escape(tag)} ([a-z]+) (\d{{1,9}}) (\d{{1,12}}) (\d{{1,12}}) ([0-9a-f]{{8}})>"
    )
    at = 0
    while match := start.search(text, at):
        if match.start() > at:
            yield text[at : match.start()]
        frame, at = _frame(text, match, tag)
        yield frame
    if at < len(text):
        yield text[at:]


def _frame(text: str, match: re.Match[str], tag: str) -> tuple[Frame, int]:
    kind, seq, head_length, length, crc = match.groups()
    begin = match.end()
    middle = begin + int(head_length)
    end = middle + int(length)
    if not text.startswith(_END, end):
        raise _damaged(tag, f"{kind} frame {seq} does not end where it should")
    try:
        body = text[begin:end].encode("ascii")
        about = f"{tag} {kind} {seq} {head_length} {length}".encode()
        if zlib.crc32(body, zlib.crc32(about)) != int(crc, 16):
            raise _damaged(tag, f"{kind} frame {seq} fails its checksum")
        packed = base64.b64decode(body[: int(head_length)], validate=True)
        header = json.loads(zlib.decompress(packed))
        chunk = binascii.a2b_base64(body[int(head_length) :])
    except (UnicodeEncodeError, binascii.Error, zlib.error, ValueError) as error:
        raise _damaged(tag, f"{kind} frame {seq} cannot be read: {error}") from error
    end += len(_END)
    return Frame(kind, int(seq), header, chunk), end + text.startswith("\n", end)


def _damaged(tag: str, what: str) -> ResultError:
    return ResultError(
        f"The statement's output is damaged: {what}",
        where=f"statement {tag}",
        advice="Run the cell again; nothing of this result was used.",
    )


def _raw_bytes(frame: Frame, tag: str) -> Generator[ChunkWanted, str, bytes]:
    """Return a frame's whole payload, checked by length and CRC-32."""
    about = frame.header["payload"]
    chunks, total = [frame.chunk], int(about["chunks"])
    for index in range(1, total):
        rows = frame.header.get("rows")
        text = yield ChunkWanted(frame.seq, index, total, rows, int(about["raw"]))
        chunks.append(_chunk(text, tag, frame.seq, index))
    packed = b"".join(chunks)
    if len(packed) != about["packed"]:
        raise _damaged(tag, f"payload {frame.seq} has {len(packed)} of {about['packed']} bytes")
    try:
        raw = _inflate(packed, about["raw"]) if about["encoding"] == "zlib" else packed
    except zlib.error as error:
        raise _damaged(tag, f"payload {frame.seq} cannot be unpacked: {error}") from error
    if len(raw) != about["raw"] or zlib.crc32(raw) != about["crc"]:
        raise _damaged(tag, f"payload {frame.seq} fails its checksum")
    return raw


def _inflate(packed: bytes, size: int) -> bytes:
    inflater = zlib.decompressobj()
    raw = inflater.decompress(packed, size + 1)  # never more than was announced
    if inflater.unconsumed_tail or not inflater.eof:
        raise zlib.error("the payload is longer than announced, or cut")
    return raw


def _chunk(text: str, tag: str, seq: int, index: int) -> bytes:
    for item in split(text, tag):
        if (
            isinstance(item, Frame)
            and (item.kind, item.seq) == ("chunk", seq)
            and item.header["index"] == index
        ):
            return item.chunk
    raise _damaged(tag, f"chunk {index} of payload {seq} did not come")


def reading(text: str, tag: str) -> Reading:
    """Read a statement's output as a generator: it yields ChunkWanted, takes the chunk's output.

    Its return value is the ordered parts, everything checked; frames of other statements
    stay text. Raises ResultError on any damage.
    """
    parts: list[Part] = []
    for item in split(text, tag):
        if isinstance(item, str):
            parts.append(Text(item))
        else:
            parts.extend((yield from _parts(item, tag)))
    return parts


def read_output(text: str, tag: str, fetch: FetchChunk | None = None) -> list[Part]:
    """Read a statement's output at once; `fetch(seq, index)` returns a chunk's output."""
    return _driven(reading(text, tag), tag, fetch)


def _driven(steps: Reading, tag: str, fetch: FetchChunk | None) -> list[Part]:
    try:
        wanted = next(steps)
        while True:
            if fetch is None:
                raise _damaged(tag, f"payload {wanted.seq} came without its chunks")
            wanted = steps.send(fetch(wanted.seq, wanted.index))
    except StopIteration as end:
        parts: list[Part] = end.value
        return parts


def _parts(frame: Frame, tag: str) -> Reading:
    header = frame.header
    if frame.kind == "chunk":
        raise _damaged(tag, "a chunk came where output was expected")
    raw = yield from _raw_bytes(frame, tag)
    if frame.kind in _WITH_BYTES:
        return [_WITH_BYTES[frame.kind](header, raw)]
    match frame.kind:
        case "written":
            return [Written(*(header[key] for key in ("path", "format", "files", "bytes")))]
        case "value":
            return [ValuePart(header["output"], _plain(json.loads(raw)))]
        case "mime":
            return [Mime(json.loads(raw), header.get("metadata") or {})]
        case "text":
            return [Text(raw.decode("utf-8", "surrogatepass"), header["stream"])]
        case "session":
            told = json.loads(raw)
            more = {key: told.get(key) or {} for key in ("columns", "members", "modules")}
            return [SessionFacts(told["names"], told["app_id"], told["ui_url"], **more)]
        case "output":
            return (yield from reading(raw.decode("utf-8", "surrogatepass"), tag))
        case "error":
            lines = tuple(header["traceback"])
            return [Failure(header["ename"], header["evalue"], lines, header.get("line"))]
        case kind:
            raise _damaged(tag, f"a frame of the unknown kind {kind!r}")


def _plain(value: Any) -> Any:
    """Undo the spelling of `remote/local_frames.py: plain`."""
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        if "float" in value:
            return float(value["float"])
        return {key: _plain(item) for key, item in value["dict"]}
    return value


def reading_failure(evalue: str, tag: str) -> Reading:
    """Read what the runner hid behind an error's text: the parts, the last one a Failure.

    Empty when nothing is hidden: a Scala cell, or an error before the runner.
    """
    if f"<emr_nb {tag} " not in evalue:
        return []
    parts = yield from reading(evalue, tag)
    told = [part for part in parts if isinstance(part, Failure)]
    if not told:
        raise _damaged(tag, "its failure is missing")
    if isinstance(parts[0], Text):  # the error's own text and a newline stand first
        own, first = told[-1].evalue + "\n", parts[0].text
        parts[0] = Text(first[len(own) :] if first.startswith(own) else first)
    rest = [part for part in parts if part not in (Text(""), told[-1])]
    return [*rest, told[-1]]


def read_failure(evalue: str, tag: str, fetch: FetchChunk | None = None) -> list[Part]:
    """Read a failed statement's parts at once; see `reading_failure`."""
    return _driven(reading_failure(evalue, tag), tag, fetch)
