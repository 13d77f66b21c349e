"""`--to`: a cell's table goes to files, by the executors where they can, else through here."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emr_nb.engines.spool import Spooled
from emr_nb.engines.spool_file import JoinedParquet
from emr_nb.engines.target_folder import TargetFolder
from emr_nb.errors import EmrError, PathExistsError, PathNotFoundError, UsageError
from emr_nb.model import FileEntry, FilePath, WriteTarget
from emr_nb.notebook.look import plural, size
from emr_nb.results.writing import encoded

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.sessions import Attached
    from emr_nb.results.result import Result

_ASKED = 50  # objects whose encryption is asked for, one by one


@dataclass(frozen=True)
class Destination:
    """The target of one cell's `--to`, on its store."""

    cluster: Attached
    target: WriteTarget
    engine_writes: bool = True

    @classmethod
    def of(cls, cluster: Attached, job: Job, *, engine_writes: bool = True) -> Destination:
        """Read a job's options; raises UsageError, and PathExistsError before anything runs."""
        options = job.options
        path = _path(cluster, options["to"])
        target = WriteTarget(path, options["format"], options["overwrite"])
        made = cls(cluster, target, engine_writes)
        if not options["overwrite"]:
            made.refuse_existing()
        return made

    @property
    def by_engine(self) -> bool:
        """Whether the engine writes it; an Arrow file, and what is local, this notebook does."""
        remote = self.target.path.scheme != "file" and self.target.format != "arrow"
        return remote and self.engine_writes

    def refuse_existing(self) -> None:
        """Raise PathExistsError where something is at the target."""
        with suppress(PathNotFoundError):
            self.cluster.filesystem(self.target.path).info(self.target.path)
            raise PathExistsError(
                "Something is there already; nothing was run",
                where=str(self.target.path),
                advice="Use --overwrite to replace it.",
            )

    def write(
        self, statement: Any, result: Result, told: Callable[[int], None] = lambda _: None
    ) -> int:
        """Write a result through this notebook, read piece by piece; returns its rows.

        `statement` may have kept the pieces on the cluster; else `result` has the rows.
        `told` is called with how many have passed so far.
        """
        kept = getattr(statement, "kept", None)
        if isinstance(kept, Spooled) and kept.is_parquet and kept.parts:
            joined = JoinedParquet(kept)
            self._put(joined)
            return joined.rows
        schema = kept.arrow_schema if kept else result.schema
        pieces = (table for _, table in kept.tables()) if kept else iter([result.table])
        counted = _Counted(pieces, kept.limit if kept else None, told)
        self._put(encoded(counted, schema, self.target.format))
        return counted.rows

    def _put(self, data: Iterable[bytes]) -> None:
        path = self.target.path
        if path.scheme == "file":
            Path(path.key).parent.mkdir(parents=True, exist_ok=True)
        store = self.cluster.filesystem(path)
        if not self.by_engine:
            store.write(path, data, overwrite=self.target.overwrite)
            return
        # what the engine would have made is a folder, and so is what it replaces
        folder = TargetFolder.make(store, self.target, secrets.token_hex(16), ())
        try:
            store.write(folder.files.child(f"part-00000.{self.target.format}"), data)
            folder.put_in_place(lambda: ())
        finally:
            folder.remove()

    def facts(self, rows: int | None) -> list[str]:
        """Say what lies at the target now: rows if they were counted, files, bytes, encryption."""
        files = self._files()
        total = sum(entry.size for entry in files)
        counted = [plural(rows, "row")] if rows is not None else []
        facts = [*counted, plural(len(files), "file"), size(total), self._encryption(files)]
        return [*(fact for fact in facts if fact), f"in {self.target.path}"]

    def _files(self) -> list[FileEntry]:
        store, path = self.cluster.filesystem(self.target.path), self.target.path
        entry = store.info(path)
        if not entry.is_directory:
            return [entry]
        files: list[FileEntry] = []
        after: str | None = None
        while True:
            page = store.ls(path, after)
            files += [e for e in page.items if not e.is_directory and e.name[:1] not in "_."]
            after = page.after
            if after is None:
                return files

    def _encryption(self, files: list[FileEntry]) -> str:
        """Say how the objects are encrypted, as each of them says itself."""
        if self.target.path.scheme == "file":
            return ""
        if self.target.path.scheme == "hdfs":
            inside = any(entry.extra.get("encBit") == "True" for entry in files)
            return "in an HDFS encryption zone" if inside else "not encrypted by HDFS"
        store = self.cluster.filesystem(self.target.path)
        found = set()
        for entry in files[:_ASKED]:
            with suppress(EmrError):
                told = store.info(entry.path).extra
                key = told.get("kms_key", "")
                found.add(" ".join(filter(None, (told.get("encryption", "not encrypted"), key))))
        asked = f" (of the first {_ASKED} asked)" if len(files) > _ASKED else ""
        return ", ".join(sorted(found)) + asked if found else "encryption not known"


class _Counted:
    """Tables as they pass, cut at a limit of rows, and counted."""

    def __init__(
        self, tables: Iterator[pa.Table], limit: int | None, told: Callable[[int], None]
    ) -> None:
        self._tables = tables
        self._limit = limit
        self._told = told
        self.rows = 0

    def __iter__(self) -> Iterator[pa.Table]:
        for table in self._tables:
            left = None if self._limit is None else self._limit - self.rows
            taken = table if left is None else table.slice(0, left)
            self.rows += taken.num_rows
            self._told(self.rows)
            yield taken


def _path(cluster: Attached, text: str) -> FilePath:
    """Read where to write: relative and ~ paths are local, bare absolute ones the cluster's."""
    if "://" not in text and not text.startswith(("/", "file:")):
        return FilePath("file", "", str(Path(text).expanduser().absolute()))
    path = cluster.path(text)
    if path.scheme == "s3" and not path.key.strip("/"):
        raise UsageError(f"--to {text}: a bucket is no target", advice="Name a prefix in it.")
    return FilePath(path.scheme, path.authority, path.key.rstrip("/") or path.key)
