"""S3's XML, read and written; keys travel URL-encoded so that every key can be spelled."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from emr_nb.errors import TransportError


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object of a listing."""

    key: str
    size: int
    modified: datetime | None
    etag: str
    storage_class: str


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of ListObjectsV2."""

    objects: tuple[S3Object, ...]
    prefixes: tuple[str, ...]
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
    """Read a ListObjectsV2 reply that was asked for with encoding-type=url."""
    root = parse(body, "a listing")
    encoded = root.findtext("EncodingType") == "url"
    return Listing(
        tuple(_objects(root, encoded=encoded)),
        tuple(
            _key(element.findtext("Prefix"), encoded=encoded)
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
            _key(told.get("Key"), encoded=encoded),
            int(told.get("Size") or 0),
            moment(told.get("LastModified")),
            told.get("ETag", "").strip('"'),
            told.get("StorageClass", ""),
        )


def _key(text: str | None, *, encoded: bool) -> str:
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
