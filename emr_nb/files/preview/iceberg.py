"""Iceberg: the newest metadata file of a folder, its snapshots, manifests and first data files.

Source: iceberg.apache.org/spec. A folder does not know which metadata file is current, a
catalog does: the newest one is taken, and a note says so.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emr_nb.errors import FileFormatError
from emr_nb.files.base import FileSystem
from emr_nb.files.preview.avro import AvroFile
from emr_nb.files.preview.damage import DamageError, damaged, named
from emr_nb.files.preview.iceberg_types import schema_of
from emr_nb.files.preview.lake import DataFile, Lake, Reading, located, moment, shown
from emr_nb.files.preview.listing import entries
from emr_nb.files.preview.model import Options, Preview, Snapshot
from emr_nb.model import FileEntry, FilePath

if TYPE_CHECKING:
    import pyarrow as pa

_METADATA = re.compile(r"v?(\d+)(?:-[^/]*)?(?:\.gz)?\.metadata\.json(?:\.gz)?$")
_FORMAT = "Iceberg table"
_MANIFESTS = 16  # whose files are listed
_FILES = 1000
_SNAPSHOTS = 100
_MOST_JSON = 64 * 1024 * 1024


def newest_metadata(fs: FileSystem, root: FilePath) -> FileEntry | None:
    """Return the metadata file of the highest version; None where the folder has none."""
    found: list[tuple[int, float, FileEntry]] = []
    for entry in entries(fs, root.child("metadata")):
        if match := _METADATA.match(entry.name):
            changed = entry.modified.timestamp() if entry.modified else 0.0
            found.append((int(match[1]), changed, entry))
    return max(found, key=lambda f: f[:2])[2] if found else None


def read(fs: FileSystem, root: FilePath, entry: FileEntry, options: Options) -> Preview:
    """Preview the current snapshot of a table."""
    reading = Reading(fs, root, "Iceberg")
    data = reading.whole(entry.path)
    if entry.name.endswith(".gz") or ".gz." in entry.name:
        try:
            data = zlib.decompressobj(31).decompress(data, _MOST_JSON)
        except zlib.error as error:
            raise damaged(entry.path, "file of Iceberg", f"it is no gzip ({error})") from error
    told = reading.parsed(data, entry.path)
    with named(entry.path, "metadata file of Iceberg"):
        table = _Table(reading, told)
        lake = table.lake(entry.name)
    return shown(reading, lake, options)


@dataclass(frozen=True)
class _Manifests:
    """What the manifest list says: manifests of data, and whether there are deletes."""

    data: Sequence[str]
    deletes: int


class _Table:
    def __init__(self, reading: Reading, told: dict[str, Any]) -> None:
        self._reading, self._told = reading, told
        self._location = str(told.get("location", ""))
        self._notes: list[str] = []

    def lake(self, name: str) -> Lake:
        """Return the table; raises DamageError on metadata that lack what they need."""
        told = self._told
        snapshots = [s for s in told.get("snapshots") or () if isinstance(s, dict)]
        current = told.get("current-snapshot-id")
        newest = next((s for s in snapshots if s.get("snapshot-id") == current), None)
        if newest is None and current not in (None, -1):
            raise DamageError(f"its current snapshot {current} is not among its snapshots")
        schema_json = self._schema(newest)
        schema, ids, notes = schema_of(schema_json)
        self._notes += notes
        self._notes.append(f"By {name}, the newest metadata here; a catalog may name another.")
        if len(snapshots) > _SNAPSHOTS:
            self._notes.append(f"The newest {_SNAPSHOTS} of {len(snapshots):,} snapshots.")
        if told.get("encryption-keys"):
            self._notes.append("The table is encrypted; its data cannot be read here.")
        summary = self._summary(newest)
        files = self._files(newest, schema, ids) if newest is not None else []
        deletes = sum(_number(summary, f"total-{kind}-deletes") or 0
                      for kind in ("position", "equality"))  # fmt: skip
        total = _number(summary, "total-records") if newest is not None else 0
        if deletes:
            self._notes.append(
                f"{deletes:,} rows of delete files are not taken off the first rows; "
                f"data files hold {total:,} rows."
                if total is not None
                else f"{deletes:,} rows of delete files are not taken off the first rows."
            )
            total = None
        return Lake(
            f"{_FORMAT}, format {told.get('format-version', 1)}",
            schema,
            files,
            self._snapshots(snapshots, current),
            total_rows=total,
            total_files=_number(summary, "total-data-files") if newest is not None else 0,
            total_bytes=_number(summary, "total-files-size"),
            partitions=self._partitions(schema_json),
            notes=self._notes,
            ids=ids,
        )

    def _schema(self, newest: dict[str, Any] | None) -> dict[str, Any]:
        """Return the current schema; that of the snapshot may be an older one."""
        schemas = {s.get("schema-id"): s for s in self._told.get("schemas") or ()
                   if isinstance(s, dict)}  # fmt: skip
        chosen = schemas.get(self._told.get("current-schema-id")) or self._told.get("schema")
        if not isinstance(chosen, dict):
            raise DamageError("they have no schema")
        if newest is not None and newest.get("schema-id", chosen.get("schema-id")) != (
            chosen.get("schema-id")
        ):
            self._notes.append("The schema was changed after the snapshot: the newer one shows.")
        return chosen

    @staticmethod
    def _summary(newest: dict[str, Any] | None) -> dict[str, Any]:
        found = (newest or {}).get("summary")
        return found if isinstance(found, dict) else {}

    def _snapshots(self, all_: list[dict[str, Any]], current: Any) -> list[Snapshot]:
        found = []
        for one in all_:
            summary = self._summary(one)
            rest = {str(k): str(v) for k, v in summary.items() if k != "operation"}
            is_current = one.get("snapshot-id") == current
            found.append(
                Snapshot(
                    str(one.get("snapshot-id", "")),
                    moment(one.get("timestamp-ms")),
                    str(summary.get("operation", "")),
                    is_current,
                    rest,
                )
            )
        return found[::-1][:_SNAPSHOTS]

    def _spec(self) -> list[dict[str, Any]]:
        specs = [s for s in self._told.get("partition-specs") or () if isinstance(s, dict)]
        chosen = next(
            (s for s in specs if s.get("spec-id") == self._told.get("default-spec-id")), None
        )
        fields = (chosen or {}).get("fields") or self._told.get("partition-spec") or []
        return [f for f in fields if isinstance(f, dict)]

    def _partitions(self, schema: dict[str, Any]) -> list[str]:
        names = {f.get("id"): str(f.get("name")) for f in schema.get("fields") or ()
                 if isinstance(f, dict)}  # fmt: skip
        found = []
        for one in self._spec():
            column = names.get(one.get("source-id"), str(one.get("name")))
            how = str(one.get("transform", "identity"))
            found.append(column if how == "identity" else f"{how}({column})")
        return found

    # -- manifests ------------------------------------------------------------------------

    def _files(
        self, snapshot: dict[str, Any], schema: pa.Schema, ids: dict[str, int]
    ) -> list[DataFile]:
        identity = {
            str(f.get("name")): name
            for f in self._spec()
            if f.get("transform") == "identity"
            for name, id_ in ids.items()
            if id_ == f.get("source-id") and name in schema.names
        }
        found: list[DataFile] = []
        manifests = self._manifests(snapshot)
        for text in manifests.data[:_MANIFESTS]:
            for record in self._records(text):
                file = record.get("data_file")
                if record.get("status") == 2 or not isinstance(file, dict) or file.get("content"):
                    continue  # deleted, or a delete file
                found += self._data_file(file, identity)
                if len(found) >= _FILES:
                    return found
        return found

    def _data_file(self, file: dict[str, Any], identity: dict[str, str]) -> list[DataFile]:
        text = str(file.get("file_path", ""))
        path = located(text, self._reading.root, self._location)
        if path is None:
            note = "Some of its data files lie on another store than this folder."
            self._notes += [note] * (note not in self._notes)
            return []
        partition = file.get("partition")
        values = partition if isinstance(partition, dict) else {}
        constants = {name: values[key] for key, name in identity.items() if key in values}
        size, rows = file.get("file_size_in_bytes"), file.get("record_count")
        return [DataFile(path, size if isinstance(size, int) else 0,
                         rows if isinstance(rows, int) else None, constants)]  # fmt: skip

    def _manifests(self, snapshot: dict[str, Any]) -> _Manifests:
        listed = snapshot.get("manifest-list")
        if not isinstance(listed, str):
            return _Manifests([str(m) for m in snapshot.get("manifests") or ()], 0)
        data, deletes = [], 0
        for record in self._records(listed):
            if record.get("content"):
                deletes += 1
            elif isinstance(record.get("manifest_path"), str):
                data.append(record["manifest_path"])
        return _Manifests(data, deletes)

    def _records(self, text: str) -> Iterator[dict[str, Any]]:
        path = located(text, self._reading.root, self._location)
        if path is None:
            raise FileFormatError(
                f"{text} lies on another store than this folder",
                where=str(self._reading.root),
                advice="Preview the table where its files are.",
            )
        source = self._reading.source(path)
        try:
            with named(path, "manifest of Iceberg"):
                for record in AvroFile(source).records():
                    if isinstance(record, dict):
                        yield record
        finally:
            self._reading.count += source.count


def _number(summary: dict[str, Any], key: str) -> int | None:
    value = str(summary.get(key, ""))
    return int(value) if value.isdecimal() and len(value) < 19 else None
