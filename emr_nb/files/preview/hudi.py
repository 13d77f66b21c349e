"""Hudi: its timeline, and the newest base file of each file group.

Source: hudi.apache.org/tech-specs (timeline layouts 1 and 2).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from emr_nb.errors import FileFormatError, PathNotFoundError
from emr_nb.files.base import FileSystem
from emr_nb.files.preview import opening
from emr_nb.files.preview.damage import damaged
from emr_nb.files.preview.lake import DataFile, Lake, Reading, shown
from emr_nb.files.preview.listing import Part, below, entries
from emr_nb.files.preview.model import Options, Preview, Snapshot

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.model import FilePath

_INSTANT = re.compile(
    r"(\d{14,17})(?:_(\d{14,17}))?\.(commit|deltacommit|replacecommit|clean|rollback|savepoint|"
    r"restore|indexing|compaction|logcompaction|clustering)(\.requested|\.inflight)?$"
)
_WRITES = ("commit", "deltacommit", "replacecommit")
_BASE = re.compile(r"(?P<group>.+)_(?P<token>[^_]*)_(?P<instant>\d{14,17})\.(?:parquet|orc)$")
_LOG = re.compile(r"\.(?P<group>.+)_(?P<instant>\d{14,17})\.log\.\d+")
_SNAPSHOTS = 100
_NAMES = ("hoodie.table.name", "hoodie.table.type", "hoodie.table.version",
          "hoodie.table.partition.fields")  # fmt: skip


def read(fs: FileSystem, root: FilePath, options: Options) -> Preview:
    """Preview the newest completed state of a table."""
    reading = Reading(fs, root, "Hudi")
    told = _properties(reading)
    instants, pending = _timeline(reading)
    notes = []
    if pending:
        notes.append(f"{pending:,} writes have begun and not ended: their files are left out.")
    files, logs, listed_notes = _files(fs, root, {i.id for i in instants})
    notes += listed_notes
    if logs:
        notes.append(f"{logs:,} log files are not merged into the first rows (merge on read).")
    if any(i.operation == "replacecommit" for i in instants):
        notes.append("Groups that a replacecommit took the place of may be among the files.")
    schema = _schema(reading, files, options)
    writes = [i for i in instants if i.operation in _WRITES]
    snapshots = [
        Snapshot(i.id, i.when, i.operation, bool(writes) and i.id == writes[-1].id)
        for i in instants[::-1][:_SNAPSHOTS]
    ]
    keys = [k for k in told.get(_NAMES[3], "").split(",") if k]
    kind = told.get(_NAMES[1], "COPY_ON_WRITE").replace("_", " ").lower()
    lake = Lake(
        f"Hudi table, {kind}, version {told.get(_NAMES[2], 'unknown')}",
        schema,
        files,
        snapshots,
        partitions=keys,
        notes=(*notes, "How many rows there are is not known without reading all footers."),
    )
    return shown(reading, lake, options)


def _properties(reading: Reading) -> dict[str, str]:
    path = reading.root.child(".hoodie").child("hoodie.properties")
    try:
        text = reading.whole(path).decode("utf-8", "replace")
    except FileFormatError as error:
        raise damaged(reading.root, "Hudi table", "its hoodie.properties are missing") from error
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {
        key.strip(): value.strip().replace("\\:", ":") for key, _, value in pairs if key.strip()
    }


def _timeline(reading: Reading) -> tuple[list[Snapshot], int]:
    """Return the completed instants in order, and how many writes have not ended."""
    found: dict[str, Snapshot] = {}
    begun: set[str] = set()
    folder = reading.root.child(".hoodie")
    for place in (folder, folder.child("timeline")):
        try:
            listed = list(entries(reading.fs, place))
        except PathNotFoundError:
            continue
        for entry in listed:
            match = _INSTANT.match(entry.name)
            if match is None:
                continue
            instant, _, operation, state = match.groups()
            if state:
                begun.add(instant)
            else:
                found[instant] = Snapshot(instant, _moment(instant), operation)
    return [found[i] for i in sorted(found)], len(begun - set(found))


def _moment(instant: str) -> datetime | None:
    """Return an instant's time; writers use UTC or their own zone, and do not say which."""
    try:
        return datetime.strptime(instant[:14], "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _files(fs: FileSystem, root: FilePath, done: set[str]) -> tuple[list[DataFile], int, list[str]]:
    """Return the newest completed base file of each group, and how many logs there are."""
    listed = below(fs, root)
    newest: dict[tuple[str, str], tuple[str, Part]] = {}
    for part in listed.parts:
        match = _BASE.match(part.entry.name)
        if match is None or (done and match["instant"] not in done):
            continue
        key = (part.name.rpartition("/")[0], match["group"])
        if key not in newest or newest[key][0] < match["instant"]:
            newest[key] = (match["instant"], part)
    logs = sum(1 for name in listed.hidden if _LOG.match(name.rpartition("/")[2]))
    files = [DataFile(p.entry.path, p.entry.size) for _, p in newest.values()]
    return files, logs, list(listed.notes)


def _schema(reading: Reading, files: list[DataFile], options: Options) -> pa.Schema:
    import pyarrow as pa

    if not files:
        return pa.schema([])
    source = reading.source(files[0].path, files[0].size)
    _, schema, _ = opening.schema_of(source, options)
    reading.count += source.count
    return pa.schema([f.remove_metadata() for f in schema])
