"""Earlier versions of S3 objects, by ListObjectVersions."""

from __future__ import annotations

import json
from types import MappingProxyType
from xml.etree import ElementTree as ET

from emr_nb.errors import PathNotFoundError
from emr_nb.files import s3_xml
from emr_nb.files.s3_calls import S3Calls
from emr_nb.model import FileEntry, FilePath, Page

_ACTION = "s3:ListBucketVersions"


def versions(calls: S3Calls, path: FilePath, after: str | None) -> Page[FileEntry]:
    """List one page of versions, the newest of each key first.

    A path without a closing slash means that object alone; with one, all below it.
    `extra` has `version`, `latest` and, for a marker of a removal, `deleted`.
    """
    params = {"encoding-type": "url", "versions": "", "prefix": path.key, "max-keys": "1000"}
    if after is not None:
        params["key-marker"], params["version-id-marker"] = json.loads(after)
    bucket = FilePath("s3", path.authority, "")
    reply = calls.request("GET", bucket, _ACTION, params=params, about=path)
    root = s3_xml.parse(reply.content, "ListObjectVersions")
    encoded = root.findtext("EncodingType") == "url"
    alone = bool(path.key) and not path.key.endswith("/")
    found = [
        _entry(path.authority, element, encoded=encoded)
        for element in root
        if element.tag in ("Version", "DeleteMarker")
    ]
    found.sort(key=_order)  # servers differ in where markers of removals stand
    entries = [entry for entry in found if not alone or entry.path == path]
    if alone and not entries and after is None:
        raise PathNotFoundError("Nothing is there, and nothing was", where=str(path))
    over = alone and len(entries) < len(found)  # other keys begin like this one
    truncated = (root.findtext("IsTruncated") or "").lower() == "true"
    return Page(entries, _cursor(root, encoded=encoded) if truncated and not over else None)


def _entry(bucket: str, element: ET.Element, *, encoded: bool) -> FileEntry:
    told = {child.tag: child.text or "" for child in element}
    extra = {"version": told.get("VersionId", ""), "latest": told.get("IsLatest", "").lower()}
    if element.tag == "DeleteMarker":
        extra["deleted"] = "true"
    return FileEntry(
        FilePath("s3", bucket, s3_xml.key_text(told.get("Key"), encoded=encoded)),
        "file",
        size=int(told.get("Size") or 0),
        modified=s3_xml.moment(told.get("LastModified")),
        etag=told.get("ETag", "").strip('"'),
        storage_class=told.get("StorageClass", ""),
        extra=MappingProxyType(extra),
    )


def _order(entry: FileEntry) -> tuple[str, bool, float]:
    """Sort by key, the newest first."""
    at = entry.modified.timestamp() if entry.modified is not None else 0.0
    return entry.path.key, entry.extra["latest"] != "true", -at


def _cursor(root: ET.Element, *, encoded: bool) -> str:
    key = s3_xml.key_text(root.findtext("NextKeyMarker"), encoded=encoded)
    return json.dumps([key, root.findtext("NextVersionIdMarker") or ""])
