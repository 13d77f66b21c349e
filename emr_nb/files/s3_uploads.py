"""Uploads by parts that run, noted on disk, so that those of a crashed process are aborted."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from emr_nb.errors import EmrError, PathNotFoundError
from emr_nb.files.s3_calls import S3Calls
from emr_nb.journal import process_started
from emr_nb.model import FilePath
from emr_nb.transport.base import Deadline, Retry


@dataclass(frozen=True, slots=True)
class _Note:
    """One upload: where, whose, and the process that runs it."""

    endpoint: str
    bucket: str
    key: str
    upload: str
    host: str
    pid: int
    started: float  # when that process began: another may have its number later

    @property
    def abandoned(self) -> bool:
        here = self.host == platform.node()  # a home may be shared between machines
        return here and process_started(self.pid) != self.started


class Uploads:
    """The notes of this machine's user, in a folder; a file each, so that processes share it."""

    def __init__(self, calls: S3Calls, folder: Path) -> None:
        self._calls = calls
        self._folder = folder
        self._looked = False

    def begin(self, path: FilePath, upload: str) -> Path | None:
        """Note an upload before its first part; returns the note, None where none can be kept.

        The first one of a process aborts those that others left.
        """
        if not self._looked:
            self._looked = True
            self.abort_abandoned()
        pid = os.getpid()
        endpoint = self._calls.place("")[0]
        started = process_started(pid)
        note = _Note(endpoint, path.authority, path.key, upload, platform.node(), pid, started)
        name = hashlib.sha256(upload.encode()).hexdigest()[:24]
        file = self._folder / f"{name}.json"
        fresh = file.with_suffix(f".{secrets.token_hex(4)}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh.write_text(json.dumps(asdict(note)), encoding="utf-8")
            fresh.replace(file)
        except OSError:  # a disk that is full must not stop an upload
            return None
        return file

    def abort_abandoned(self) -> list[FilePath]:
        """Abort the uploads whose processes are gone; returns where they were going."""
        endpoint = self._calls.place("")[0]
        aborted = []
        for file, note in list(self._notes()):
            if not note.abandoned or note.endpoint != endpoint:
                continue
            path = FilePath("s3", note.bucket, note.key)
            try:
                self._calls.request(
                    *("DELETE", path, "s3:AbortMultipartUpload"),
                    params={"uploadId": note.upload},
                    retry=Retry.READ,
                    deadline=Deadline.after(10),
                )
            except PathNotFoundError:  # done or aborted already
                file.unlink(missing_ok=True)
                continue
            except EmrError:  # another time, perhaps as another identity
                continue
            file.unlink(missing_ok=True)
            aborted.append(path)
        return aborted

    def _notes(self) -> Iterator[tuple[Path, _Note]]:
        if not self._folder.is_dir():
            return
        for file in self._folder.glob("*.json"):
            with suppress(OSError, ValueError, TypeError):
                yield file, _Note(**json.loads(file.read_text(encoding="utf-8")))
