"""The bytes of long HDFS files by hdfs-native, where it is installed and HDFS's ports are open.

hdfs-native (Rust) speaks HDFS's own RPC: the bytes come as the DataNodes hold them, with
checksums and without HTTP. It is asked for ranges of plain files only; whatever it cannot do
(encryption zones, and erasure coding but for some of it) or fails at is done by WebHDFS, whose
errors say more, from the same byte on.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import threading
import weakref
from collections.abc import Iterator

from emr_nb.context import ClusterContext
from emr_nb.files.hdfs_reach import Reach, UnreachableError, rpc_addresses
from emr_nb.files.hdfs_worker import Worker, Workers
from emr_nb.files.pace import Pace
from emr_nb.files.segments import Fetch
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import FileEntry

WORTH = 16 << 20  # bytes: below, a process for it costs more than it gains
_SPAN = 256 << 20  # bytes of one request; after a failure WebHDFS goes on to its end
_SECONDS = 15.0  # without a byte: then WebHDFS is asked, which knows other replicas
_GIVE_UP = 3  # failures in a row, after which it is not asked any more
_NOT_FOR_IT = ("encBit", "ecBit")


class Bulk:
    """The fast client of one cluster's HDFS as one user; shared by threads."""

    def __init__(
        self, context: ClusterContext, ways: Ways, *, worth: int = WORTH, seconds: float = _SECONDS
    ) -> None:
        self.pace = Pace()  # other streams than WebHDFS's, and so other figures
        self._context, self._ways, self._worth = context, ways, worth
        self._reach = Reach(context, ways)
        self._workers = Workers(seconds, self.pace.sizes.streams + 1)
        self._lock = threading.Lock()
        self._failures = 0  # in a row
        self._possible: bool | None = None
        weakref.finalize(self, self._workers.close)

    @property
    def given_up(self) -> bool:
        """Whether it is not asked any more."""
        return self._failures >= _GIVE_UP

    def over(self, plain: Fetch, entry: FileEntry, length: int) -> Fetch | None:
        """Return how a file is fetched with this client's help; None where it is of none."""
        if length < self._worth or any(_is_set(entry, name) for name in _NOT_FOR_IT):
            return None
        if self.given_up or self._ways.bytes_by_gateway or not self._is_possible():
            return None

        def fetch(start: int, end: int) -> Iterator[bytes]:
            at = start
            while at < end:
                stop = end if self.given_up else min(end, at + _SPAN)
                for chunk in self._fetch(entry, at, stop):
                    at += len(chunk)
                    yield chunk
                if at < stop:
                    for chunk in plain(at, stop):
                        at += len(chunk)
                        yield chunk

        return fetch

    def _is_possible(self) -> bool:
        """Look once whether there is anything to try; imports nothing."""
        if self._possible is None:
            services = self._context.services
            self._possible = (
                self._context.route.name == "direct"  # RPC goes through no tunnel of ours
                and os.name == "posix"  # there are no wheels for others
                and bool(sys.executable)
                and not any(service.properties.get("kerberos_realm") for service in services)
                and bool(rpc_addresses(self._context))
                and importlib.util.find_spec("hdfs_native") is not None
            )
        return self._possible

    def _fetch(self, entry: FileEntry, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes of a range; ends early, without an error, where it fails."""
        if self.given_up:
            return
        try:
            way = self._reach.way(entry, start, end)
            worker = None if way is None else self._workers.take(way)
        except OSError as error:
            self._failed(for_good=isinstance(error, UnreachableError))
            return
        if worker is not None:
            yield from self._by(worker, entry, start, end)

    def _by(self, worker: Worker, entry: FileEntry, start: int, end: int) -> Iterator[bytes]:
        usable = False
        try:
            if worker.ask(entry, start, end):
                at = start
                while at < end:
                    chunk = worker.take(end - at)
                    at += len(chunk)
                    yield chunk
                self._worked()
            usable = True
        except OSError:  # its own end, or a DataNode that is silent
            self._failed()
        finally:
            self._workers.give(worker, usable=usable)

    def _worked(self) -> None:
        with self._lock:
            self._failures = 0

    def _failed(self, *, for_good: bool = False) -> None:
        with self._lock:
            self._failures = _GIVE_UP if for_good else self._failures + 1


def _is_set(entry: FileEntry, name: str) -> bool:
    return entry.extra.get(name, "False") != "False"
