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

    def reading(self, plain: Fetch, entry: FileEntry, length: int) -> Reading | None:
        """Return a read of a file by this client's help; None where it is of none."""
        if length < self._worth or any(_is_set(entry, name) for name in _NOT_FOR_IT):
            return None
        if self.given_up or self._ways.bytes_by_gateway or not self._is_possible():
            return None
        return Reading(self, plain, entry)

    def start(self, entry: FileEntry, start: int, end: int) -> Worker | None:
        """Return a process that has begun to send a range; None where HDFS says no.

        Raises OSError where it cannot, UnreachableError where it never can.
        """
        way = self._reach.way(entry, start, end)
        worker = None if way is None else self._workers.take(way)
        if worker is None:
            return None
        agreed = usable = False
        try:
            agreed = worker.ask(entry, start, end)
            usable = True
        finally:
            if not agreed:
                self._workers.give(worker, usable=usable)
        return worker if agreed else None

    def stop(self, worker: Worker, *, usable: bool) -> None:
        """Take a process back."""
        self._workers.give(worker, usable=usable)

    def worked(self) -> None:
        """Note a read without a failure."""
        with self._lock:
            if not self.given_up:
                self._failures = 0

    def failed(self, *, for_good: bool) -> None:
        """Note a read with one."""
        with self._lock:
            self._failures = _GIVE_UP if for_good else self._failures + 1

    def _is_possible(self) -> bool:
        """Look once whether there is anything to try; imports nothing."""
        if self._possible is None:
            services = self._context.services
            self._possible = (
                self._context.route.name == "direct"  # RPC goes through no tunnel of ours
                and os.name == "posix"  # a process's standard input is to be a socket
                and bool(sys.executable)
                and not any(service.properties.get("kerberos_realm") for service in services)
                and bool(rpc_addresses(self._context))
                and importlib.util.find_spec("hdfs_native") is not None
            )
        return self._possible


class Reading:
    """One read of one file, by several threads maybe; a failure is one, however many notice."""

    def __init__(self, bulk: Bulk, plain: Fetch, entry: FileEntry) -> None:
        self._bulk, self._plain, self._entry = bulk, plain, entry
        self._lock = threading.Lock()
        self._has_failed = False

    def fetch(self, start: int, end: int) -> Iterator[bytes]:
        """Yield a range; what hdfs-native does not bring of it is brought by WebHDFS."""
        at = start
        while at < end:
            left_alone = self._has_failed or self._bulk.given_up
            stop = end if left_alone else min(end, at + _SPAN)
            if not left_alone:
                for chunk in self.fast(at, stop):
                    at += len(chunk)
                    yield chunk
            if at < stop:
                for chunk in self._plain(at, stop):
                    at += len(chunk)
                    yield chunk

    def fast(self, start: int, end: int) -> Iterator[bytes]:
        """Yield what hdfs-native brings of a range; ends early, without an error."""
        worker, usable = None, False
        try:
            worker = self._bulk.start(self._entry, start, end)
            at = start
            while worker is not None and at < end:
                chunk = worker.take(end - at)
                at += len(chunk)
                yield chunk
            usable = True
        except OSError as error:  # no way, the process's end, or a DataNode that is silent
            self._failed(for_good=isinstance(error, UnreachableError))
        finally:
            if worker is not None:
                self._bulk.stop(worker, usable=usable)

    def done(self) -> None:
        """The whole read has come to its end."""
        if not self._has_failed:
            self._bulk.worked()

    def _failed(self, *, for_good: bool) -> None:
        with self._lock:
            if not self._has_failed:
                self._bulk.failed(for_good=for_good)
            self._has_failed = True


def _is_set(entry: FileEntry, name: str) -> bool:
    return entry.extra.get(name, "False") != "False"
