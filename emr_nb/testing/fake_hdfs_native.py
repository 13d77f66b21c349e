"""A stand-in of hdfs-native over a folder of this disk: a file's name says how its reads fail.

The folder is that of the file `clients` in `EMR_NB_FAKE_HDFS`; each client leaves a line there:
the process, the user and what it was told of the cluster.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

PIECE = 64 << 10  # bytes, as a packet of HDFS brings
BREAKS_AT = 300_000  # bytes of a range, after which some files fail


@dataclass(frozen=True)
class FileStatus:
    """What is looked at of a file; milliseconds."""

    length: int
    modification_time: int


class FileReader:
    """One file, opened."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def size(self) -> int:
        return self._path.stat().st_size

    def read_range_stream(self, offset: int, len: int) -> Iterator[bytes]:  # noqa: A002 -- its name
        """Yield a range, or fail as the file's name says."""
        at, name = offset, self._path.name
        while at < offset + len:
            if at - offset >= BREAKS_AT:
                if name.startswith("breaks"):
                    raise OSError("All DataNodes failed")
                if name.startswith("ends"):
                    return
                if name.startswith("panics"):
                    raise SystemExit("a panic of Rust's is no Exception either")
                if name.startswith("hangs"):
                    threading.Event().wait()
            with self._path.open("rb") as file:
                file.seek(at)
                yield file.read(min(PIECE, offset + len - at))
            at += PIECE


class Client:
    """Reads the folder as if it were a cluster's HDFS."""

    def __init__(self, url: str, config: Mapping[str, str]) -> None:
        self._root = Path(os.environ["EMR_NB_FAKE_HDFS"])
        secrets = sorted(name for name in os.environ if name.startswith("AWS_"))
        told = {
            "pid": os.getpid(),
            "user": os.environ["HADOOP_USER_NAME"],
            "url": url,
            "config": dict(config),
            "secrets": secrets,
        }
        with (self._root / "clients").open("a") as clients:
            clients.write(json.dumps(told) + "\n")

    def get_file_info(self, path: str) -> FileStatus:
        name = path.rpartition("/")[2]
        if name.startswith("unreachable"):
            raise OSError("Connection refused")
        if name.startswith("denied"):
            denied = "org.apache.hadoop.security.AccessControlException"
            raise RuntimeError(f'RPCError("{denied}", "Permission denied")')
        found = (self._root / name).stat()
        return FileStatus(found.st_size, int(found.st_mtime * 1000))

    def read(self, path: str) -> FileReader:
        return FileReader(self._root / path.rpartition("/")[2])
