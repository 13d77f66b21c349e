"""The statement protocol's replies: QueryResults of Presto and Trino as one dataclass.

Every field but `id` and `stats` may be missing; of `stats` every key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from emr_nb.errors import ReplyLostError

_DATA = b'"data":[['
_MORE, _LAST = b']],"', b"]]}"  # the end of the rows, with further keys behind it or none


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a spooled result: in the reply (`inline`, base64) or at `uri`.

    `headers` go with the request for it, `ack` is told when it has been read.
    """

    encoding: str
    inline: str = ""
    uri: str = ""
    ack: str = ""
    rows: int = 0
    size: int = 0  # bytes as sent
    uncompressed: int = 0  # bytes of JSON; 0 where it is not compressed
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Page:
    """One reply: `rows` are the bytes of a JSON array of rows, as they came."""

    id: str
    next_uri: str = ""
    info_uri: str = ""
    columns: Sequence[Mapping[str, Any]] | None = None
    rows: bytes = field(default=b"", repr=False)
    segments: tuple[Segment, ...] = ()
    stats: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] | None = None
    update_type: str = ""
    update_count: int | None = None
    warnings: tuple[str, ...] = ()

    @property
    def has_data(self) -> bool:
        return bool(self.rows or self.segments)


def read_page(body: bytes, where: str) -> Page:
    """Read a reply; raises ReplyLostError for one that is cut short or something else."""
    import orjson

    head, rows = _parted(body)
    try:
        try:
            told = orjson.loads(head)
        except orjson.JSONDecodeError:
            told, rows = orjson.loads(body), b""
        return _page(told, rows)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError) as error:
        start = body[:200].decode("utf-8", "replace")
        raise ReplyLostError(
            f"The reply is not what the protocol says: {error}; it starts with {start!r}",
            where=where,
            advice="Is this the coordinator's port, or is a login page or a proxy in the way?",
        ) from error


def _parted(body: bytes) -> tuple[bytes, bytes]:
    """Part a reply's rows from the rest, so that each is read in its own way.

    Inside of JSON texts a quote has a backslash before it: the marks are none of theirs.
    """
    start = body.find(_DATA)
    if start < 0:
        return body, b""
    begin = start + len(_DATA) - 2
    end = body.rfind(_MORE)
    end = max(end, body.rfind(_LAST, max(end, 0)))  # of a body without it all would be searched
    if end < begin:
        return body, b""
    return body[:start] + b'"data":null' + body[end + 2 :], body[begin : end + 2]


def _page(told: Mapping[str, Any], rows: bytes) -> Page:
    data = told.get("data")
    segments: tuple[Segment, ...] = ()
    if isinstance(data, Mapping):
        encoding = str(data["encoding"])
        segments = tuple(_segment(encoding, one) for one in data["segments"])
    elif data:
        import orjson

        rows = orjson.dumps(data)  # spelled with blanks, say: another server's JSON
    stats = told["stats"]
    return Page(
        id=str(told["id"]),
        next_uri=str(told.get("nextUri") or ""),
        info_uri=str(told.get("infoUri") or ""),
        columns=told.get("columns"),
        rows=rows,
        segments=segments,
        stats=stats if isinstance(stats, Mapping) else {},
        error=told.get("error"),
        update_type=str(told.get("updateType") or ""),
        update_count=told.get("updateCount"),
        warnings=tuple(str(w.get("message") or w) for w in told.get("warnings") or ()),
    )


def _segment(encoding: str, told: Mapping[str, Any]) -> Segment:
    facts = told.get("metadata") or {}
    headers = {
        str(name): ",".join(map(str, values if isinstance(values, list) else [values]))
        for name, values in (told.get("headers") or {}).items()
    }
    return Segment(
        encoding=encoding,
        inline=str(told["data"]) if told["type"] == "inline" else "",
        uri="" if told["type"] == "inline" else str(told["uri"]),
        ack=str(told.get("ackUri") or ""),
        rows=int(facts.get("rowsCount") or 0),
        size=int(facts.get("segmentSize") or 0),
        uncompressed=int(facts.get("uncompressedSize") or 0),
        headers=headers,
    )
