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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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

    `shown` tells whether it belongs on the page.
    """

    header: Mapping[str, Any]
    payload: bytes

    @property
    def output(self) -> str | None:
        return self.header.get("output")

    @property
    def shown(self) -> bool:
        return bool(self.header.get("shown"))


@dataclass(frozen=True, slots=True)
class ValuePart:
    """A plain value brought by `-o`."""

    output: str
    value: Any
    shown: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """How a cell failed: the user's own frames, and `line` of the cell where it is known."""

    ename: str
    evalue: str
    traceback: tuple[str, ...]
    line: int | None


Part = Text | Mime | TablePart | ValuePart | Failure


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
        if zlib.crc32(body) != int(crc, 16):
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


def pending(frame: Frame) -> Sequence[int]:
    """Return the indices of the chunks that further statements must fetch."""
    return range(1, int(frame.header["payload"]["chunks"]))


def raw_bytes(frame: Frame, tag: str, fetch: FetchChunk | None) -> bytes:
    """Return a frame's whole payload, checked by length and CRC-32.

    `fetch(seq, index)` returns the output of the statement that `chunk_code` makes.
    """
    about = frame.header["payload"]
    chunks = [frame.chunk]
    for index in pending(frame):
        if fetch is None:
            raise _damaged(tag, f"{frame.kind} frame {frame.seq} came without its chunks")
        chunks.append(_chunk(fetch(frame.seq, index), tag, frame.seq, index))
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


def read_output(text: str, tag: str, fetch: FetchChunk | None = None) -> list[Part]:
    """Return the ordered parts of a statement's output, chunks fetched and everything checked.

    Text of other statements' frames stays text. Raises ResultError on any damage.
    """
    parts: list[Part] = []
    for item in split(text, tag):
        if isinstance(item, str):
            parts.append(Text(item))
        else:
            parts.extend(_parts(item, tag, fetch))
    return parts


def _parts(frame: Frame, tag: str, fetch: FetchChunk | None) -> list[Part]:
    if frame.kind == "chunk":
        raise _damaged(tag, "a chunk came where output was expected")
    raw = raw_bytes(frame, tag, fetch)
    header = frame.header
    match frame.kind:
        case "table":
            return [TablePart(header, raw)]
        case "value":
            return [ValuePart(header["output"], _plain(json.loads(raw)), bool(header["shown"]))]
        case "mime":
            return [Mime(json.loads(raw), header.get("metadata") or {})]
        case "text":
            return [Text(raw.decode("utf-8", "surrogatepass"), header["stream"])]
        case "output":
            return read_output(raw.decode("utf-8", "surrogatepass"), tag, fetch)
        case "error":
            told = tuple(header["traceback"])
            return [Failure(header["ename"], header["evalue"], told, header.get("line"))]
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


def read_failure(
    ename: str, evalue: str, traceback: Sequence[str], tag: str, fetch: FetchChunk | None = None
) -> tuple[list[Part], Failure]:
    """Return what a failed statement had put out, and its failure without our frames.

    The runner hides both behind the error's own text; an error of anything else (a Scala
    cell, the runner missing) is returned as it came.
    """
    parts = read_output(evalue, tag, fetch) if f"<emr_nb {tag} " in evalue else []
    for at in reversed(range(len(parts))):
        part = parts[at]
        if isinstance(part, Failure):
            rest = parts[:at] + parts[at + 1 :]
            if rest and isinstance(rest[0], Text):  # the error's own text and a newline
                own = part.evalue + "\n"
                first = rest[0].text
                rest[0] = Text(first[len(own) :] if first.startswith(own) else first)
            return [part for part in rest if part != Text("")], part
    return [], Failure(ename, evalue, tuple(traceback), None)
