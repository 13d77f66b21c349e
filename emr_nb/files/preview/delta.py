"""Delta Lake: the log is replayed from its last checkpoint. Source: delta-io/delta PROTOCOL.md."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from emr_nb.files.base import FileSystem
from emr_nb.files.preview import parquet
from emr_nb.files.preview.damage import DamageError, damaged, named
from emr_nb.files.preview.delta_types import schema_of
from emr_nb.files.preview.lake import DataFile, Lake, Reading, located, moment, shown
from emr_nb.files.preview.listing import entries
from emr_nb.files.preview.model import Options, Preview, Snapshot
from emr_nb.model import FileEntry, FilePath

if TYPE_CHECKING:
    import pyarrow as pa

_COMMIT = re.compile(r"(\d{20})\.json$")
_CHECKPOINT = re.compile(r"(\d{20})\.checkpoint(?:\.(\d{10})\.(\d{10}))?\.parquet$")
_OTHER = re.compile(r"(\d{20})\.checkpoint\.[0-9a-f-]{36}\.(?:json|parquet)$")
_COMMITS = 200  # behind a checkpoint, that are replayed
_SNAPSHOTS = 20  # commits that are listed
_ACTIONS = 100_000  # of a checkpoint
_STATISTICS = ("add.stats", "add.tags", "remove.", "sidecar", "txn.")


@dataclass
class _State:
    """The table as far as its log was replayed."""

    files: dict[str, dict[str, Any]] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)
    protocol: dict[str, Any] = field(default_factory=dict)

    def act(self, action: dict[str, Any]) -> None:
        """Take one line of the log."""
        if isinstance(add := action.get("add"), dict) and isinstance(add.get("path"), str):
            self.files[add["path"]] = add
        if isinstance(remove := action.get("remove"), dict):
            self.files.pop(str(remove.get("path")), None)
        if isinstance(meta := action.get("metaData"), dict):
            self.meta = meta
        if isinstance(protocol := action.get("protocol"), dict):
            self.protocol = protocol


def read(fs: FileSystem, root: FilePath, options: Options) -> Preview:
    """Preview the newest version of a table."""
    reading = Reading(fs, root, "Delta")
    log = _Log(reading)
    state = log.replayed()
    with named(root, "Delta table"):
        lake = _lake(reading, log, state)
    return shown(reading, lake, options)


class _Log:
    """The files of `_delta_log`, and what they say."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._folder = reading.root.child("_delta_log")
        self.commits: dict[int, FileEntry] = {}
        self._checkpoints: dict[int, list[FileEntry]] = {}
        self._parts: dict[int, int] = {}
        other: list[int] = []
        for entry in entries(reading.fs, self._folder, 200_000):
            if match := _COMMIT.match(entry.name):
                self.commits[int(match[1])] = entry
            elif match := _CHECKPOINT.match(entry.name):
                version = int(match[1])
                self._checkpoints.setdefault(version, []).append(entry)
                self._parts[version] = int(match[3] or 1)
            elif match := _OTHER.match(entry.name):
                other.append(int(match[1]))
        self.other = max(other, default=-1)
        self.notes: list[str] = []
        self.snapshots: list[Snapshot] = []

    @property
    def version(self) -> int:
        """The newest version."""
        return max([*self.commits, *self._whole(), -1])

    def replayed(self) -> _State:
        """Return the state at the newest version; raises FileFormatError where files lack."""
        if self.version < 0:
            raise damaged(self._reading.root, "Delta table", "its log has no version")
        start = max(self._whole(), default=-1)
        wanted = range(start + 1, self.version + 1)
        missing = [v for v in wanted if v not in self.commits]
        if missing:
            more = ", and its checkpoints of the second version are not read here" * (
                self.other >= missing[0]
            )
            raise damaged(
                self._reading.root, "Delta table", f"its log lacks version {missing[0]:,}{more}"
            )
        if len(wanted) > _COMMITS:
            raise damaged(
                self._reading.root,
                "Delta table",
                f"{len(wanted):,} versions came after its last checkpoint, and a preview "
                f"replays {_COMMITS}",
            )
        state = _State()
        for entry in self._checkpoints.get(start, ()):
            for action in self._checkpoint(entry):
                state.act(action)
        for version in wanted:
            for action in self._commit(version):
                state.act(action)
        self._history(set(wanted))
        return state

    def _whole(self) -> list[int]:
        """Return the versions whose checkpoint has all of its parts."""
        return [v for v, found in self._checkpoints.items() if len(found) == self._parts[v]]

    def _commit(self, version: int) -> list[dict[str, Any]]:
        entry = self.commits[version]
        lines = self._reading.whole(entry.path).splitlines()
        found = [self._reading.parsed(line, entry.path) for line in lines if line.strip()]
        self.snapshots.insert(0, _snapshot(version, found, entry, self.version))
        return found

    def _history(self, seen: set[int]) -> None:
        """Add the commits before the checkpoint, as many as are listed."""
        for version in sorted(set(self.commits) - seen, reverse=True):
            if len(self.snapshots) >= _SNAPSHOTS:
                break
            kept, self.snapshots = self.snapshots, []
            self._commit(version)
            self.snapshots = kept + self.snapshots
        if len(self.commits) > len(self.snapshots[:_SNAPSHOTS]):
            self.notes.append(f"The newest {_SNAPSHOTS} of {len(self.commits):,} versions.")
        self.snapshots = self.snapshots[:_SNAPSHOTS]

    def _checkpoint(self, entry: FileEntry) -> list[dict[str, Any]]:
        source = self._reading.source(entry.path, entry.size)
        with named(entry.path, "checkpoint of Delta"):
            body = parquet.read(source, Options(rows=_ACTIONS))
            if "add" not in body.rows.column_names:
                body = parquet.read(source, Options(rows=_ACTIONS), _STATISTICS)
                self.notes.append("Its checkpoint is large: statistics in it were not read.")
            if body.total_rows is None or body.total_rows > body.rows.num_rows:
                raise DamageError(
                    f"it has {body.total_rows:,} actions, and a preview replays {_ACTIONS:,}"
                )
            lacking = [n for n in body.schema.names if n not in body.rows.column_names]
            if set(lacking) & {"add", "remove", "metaData"}:
                raise DamageError(" ".join(body.notes))
            found: list[dict[str, Any]] = body.rows.to_pylist()
        self._reading.count += source.count
        return found


def _snapshot(
    version: int, actions: Sequence[dict[str, Any]], entry: FileEntry, newest: int
) -> Snapshot:
    info: Any = next((a["commitInfo"] for a in actions if "commitInfo" in a), None)
    info = info if isinstance(info, dict) else {}
    metrics = info.get("operationMetrics")
    summary = {str(k): str(v) for k, v in metrics.items()} if isinstance(metrics, dict) else {}
    when = moment(info.get("timestamp")) or entry.modified
    return Snapshot(str(version), when, str(info.get("operation", "")), version == newest, summary)


def _lake(reading: Reading, log: _Log, state: _State) -> Lake:
    try:
        told = json.loads(str(state.meta.get("schemaString", "")))
    except (ValueError, RecursionError) as error:
        raise DamageError("its log has no schema that can be read") from error
    schema, stored, notes = schema_of(told)
    keys = [str(k) for k in state.meta.get("partitionColumns") or ()]
    files, deleted = [], 0
    for add in state.files.values():
        deleted += isinstance(add.get("deletionVector"), dict)
        file = _data_file(reading, add, schema, keys, stored)
        if file is not None:
            files.append(file)
    if len(files) < len(state.files):
        notes.append("Some of its files lie on another store than this folder.")
    counts = [_rows(add) for add in state.files.values()]
    total = sum(c for c in counts if c is not None) if None not in counts else None
    if deleted:
        notes.append(f"{deleted:,} files have deletion vectors, which are not applied here.")
        total = None
    reader = state.protocol.get("minReaderVersion", 1)
    return Lake(
        f"Delta table, reader version {reader}",
        schema,
        files,
        log.snapshots,
        total_rows=total,
        total_files=len(state.files),
        total_bytes=sum(f.size for f in files),
        partitions=keys,
        notes=(*log.notes, *notes),
        stored=stored,
    )


def _data_file(
    reading: Reading,
    add: dict[str, Any],
    schema: pa.Schema,
    keys: list[str],
    stored: dict[str, str],
) -> DataFile | None:
    path = located(unquote(add["path"]), reading.root)
    if path is None:
        return None
    values = add.get("partitionValues")
    values = dict(values) if isinstance(values, list | dict) else {}
    constants = {}
    for key in keys:
        value = values.get(stored.get(key, key))
        if key in schema.names:
            constants[key] = value if value not in ("", None) else None
    size = add.get("size")
    return DataFile(path, size if isinstance(size, int) else 0, _rows(add), constants)


def _rows(add: dict[str, Any]) -> int | None:
    stats = add.get("stats")
    if isinstance(stats, str):
        try:
            told = json.loads(stats)
        except (ValueError, RecursionError):
            return None
        rows = told.get("numRecords") if isinstance(told, dict) else None
    else:
        parsed = add.get("stats_parsed")
        rows = parsed.get("numRecords") if isinstance(parsed, dict) else None
    return rows if isinstance(rows, int) else None
