"""S3's XML, read and written; keys travel URL-encoded so that every key can be spelled."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape, unescape

from emr_nb.errors import TransportError

# an object as S3 spells it in a listing: its fields always come in this order
_ROW = re.compile(
    r"<Contents>\s*<Key>([^<]*)</Key>\s*<LastModified>([^<]*)</LastModified>\s*"
    r"<ETag>(?:&quot;|\")?([^<&\"]*)(?:&quot;|\")?</ETag>\s*"
    r"(?:<Checksum\w+>[^<]*</Checksum\w+>\s*)*<Size>(\d+)</Size>\s*"
    r"(?:<Owner>(?:(?!</Owner>).)*</Owner>\s*)?<StorageClass>([^<]*)</StorageClass>",
    re.DOTALL,
)
_PREFIX = re.compile(r"<CommonPrefixes>\s*<Prefix>([^<]*)</Prefix>\s*</CommonPrefixes>")
_TOKEN = re.compile(rb"<NextContinuationToken>([^<]+)</NextContinuationToken>")
_TRUNCATED = re.compile(rb"(?i)<IsTruncated>true</IsTruncated>")


class S3Object(NamedTuple):
    """One object of a listing; `modified` as S3 spells it, since most are never looked at."""

    key: str
    size: int
    modified: str
    etag: str
    storage_class: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of ListObjectsV2."""

    objects: Sequence[S3Object]
    prefixes: Sequence[str]
    token: str | None


def parse(body: bytes, what: str) -> ET.Element:
    """Parse a reply, its namespace left out; raises TransportError when it is not XML."""
    try:
        # expat resolves no external entities and bounds the expansion of internal ones
        root = ET.fromstring(body)  # noqa: S314
    except ET.ParseError as error:
        raise TransportError(f"S3's answer to {what} is not XML: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    return root


def listing(body: bytes) -> Listing:
    """Read a ListObjectsV2 reply that was asked for with encoding-type=url.

    Pages as S3 spells them are read by one expression, ten times faster than by a parser;
    any other spelling goes to the parser.
    """
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return _listing_by_parser(body)
    rows = _ROW.findall(text)
    folders = _PREFIX.findall(text)
    whole = text.count("<Contents>") == len(rows) and text.count("<CommonPrefixes>") == len(folders)
    if not whole or "<EncodingType>url</EncodingType>" not in text or "<!" in text:
        return _listing_by_parser(body)
    return Listing(
        [S3Object(_plain(k), int(size), at, tag, kind) for k, at, tag, size, kind in rows],
        [_plain(folder) for folder in folders],
        next_token(body),
    )


def next_token(body: bytes) -> str | None:
    """Return the continuation token of a page without reading the page; None on the last."""
    if (found := _TOKEN.search(body)) is None or _TRUNCATED.search(body) is None:
        return None
    return unescape(found[1].decode(), {"&quot;": '"', "&apos;": "'"})


def _plain(text: str) -> str:
    if "&" in text:
        text = unescape(text, {"&quot;": '"', "&apos;": "'"})
    return unquote_plus(text) if "%" in text or "+" in text else text


def _listing_by_parser(body: bytes) -> Listing:
    root = parse(body, "a listing")
    encoded = root.findtext("EncodingType") == "url"
    return Listing(
        tuple(_objects(root, encoded=encoded)),
        tuple(
            key_text(element.findtext("Prefix"), encoded=encoded)
            for element in root.iterfind("CommonPrefixes")
        ),
        root.findtext("NextContinuationToken")
        if (root.findtext("IsTruncated") or "").lower() == "true"
        else None,
    )


def _objects(root: ET.Element, *, encoded: bool) -> Iterator[S3Object]:
    for element in root.iterfind("Contents"):
        told = {child.tag: child.text or "" for child in element}
        yield S3Object(
            key_text(told.get("Key"), encoded=encoded),
            int(told.get("Size") or 0),
            told.get("LastModified", ""),
            told.get("ETag", "").strip('"'),
            told.get("StorageClass", ""),
        )


def key_text(text: str | None, *, encoded: bool) -> str:
    """Return a key as it is, of the text of an element."""
    return unquote_plus(text or "") if encoded else text or ""


def moment(text: str | None) -> datetime | None:
    """Read an ISO 8601 time as S3 writes it."""
    return datetime.fromisoformat(text) if text else None


def error(body: str) -> tuple[str, str, dict[str, str]]:
    """Return code, message and the other fields of an error body; empty when it has none."""
    try:
        root = parse(body.encode(), "a request")
    except TransportError:
        return "", "", {}
    told = {child.tag: child.text or "" for child in root}
    return told.pop("Code", ""), told.pop("Message", ""), told


def error_text(code: str, message: str) -> str:
    """Spell an error body of what a batch's answer says of one key."""
    return f"<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"


def is_error(body: bytes) -> bool:
    """Tell whether a 200 reply hides an error, as those of long operations may."""
    return b"<Error>" in body[:1024] or b"<Error " in body[:1024]


def can_spell(key: str) -> bool:
    """Tell whether XML 1.0 can hold a key as it is."""
    return all(c >= " " and c not in "\ufffe\uffff" and not "\ud800" <= c <= "\udfff" for c in key)


def delete_request(keys: Iterable[str]) -> bytes:
    """Spell a DeleteObjects request; only failures are answered."""
    objects = "".join(f"<Object><Key>{escape(key)}</Key></Object>" for key in keys)
    return f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()


def complete_request(etags: Iterable[str]) -> bytes:
    """Spell a CompleteMultipartUpload request; parts count from 1."""
    parts = "".join(
        f"<Part><PartNumber>{number}</PartNumber><ETag>&quot;{etag}&quot;</ETag></Part>"
        for number, etag in enumerate(etags, 1)
    )
    return f"<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>".encode()
