"""The bytes of one HDFS file: a range that goes on from another replica where one breaks off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress

from emr_nb.errors import (
    EmrError,
    FileError,
    HttpStatusError,
    PathDeniedError,
    PathNotFoundError,
    TransportError,
)
from emr_nb.files.webhdfs_calls import Hop
from emr_nb.files.webhdfs_errors import translate
from emr_nb.files.webhdfs_ways import Ways
from emr_nb.model import Endpoint, FileEntry
from emr_nb.transport.base import Retry

_TRIES = 4  # in a row that brought nothing


class OpenFile:
    """One file while it is read, by several threads maybe: which DataNodes to stay away from."""

    def __init__(self, ways: Ways, entry: FileEntry) -> None:
        self._ways, self._entry = ways, entry
        self._path = entry.path
        self._lock = threading.Lock()
        self._avoid: set[str] = set()

    def fetch(self, start: int, end: int) -> Iterator[bytes]:
        """Yield a range; a broken stream goes on at the same byte, from another replica."""
        at, fruitless = start, 0
        while at < end:
            began = at
            failure: EmrError | None = None
            try:
                for chunk in self._open(at, end - at):
                    at += len(chunk)
                    yield chunk
            except _Broken as broken:
                failure = broken.error
                self._turn_away(broken.node, at)
            fruitless = 0 if at > began else fruitless + 1
            if at < end and fruitless >= _TRIES:
                raise failure or FileError(
                    f"The file ended at {at:,} bytes and should have {self._entry.size:,}",
                    where=str(self._path),
                    advice="It was replaced or cut while it was read; read it again.",
                )

    def _open(self, at: int, length: int) -> Iterator[bytes]:
        client, target = self._hop(at, length)
        left = length
        try:
            with client.stream("GET", target) as stream:
                for chunk in stream.chunks():
                    if len(chunk) > left:
                        raise FileError(
                            "The DataNode sent more than was asked", where=str(self._path)
                        )
                    left -= len(chunk)
                    yield chunk
        except HttpStatusError as error:
            known = translate(error, str(self._path), self._ways.user)
            if isinstance(known, (PathNotFoundError, PathDeniedError)):
                raise known from error
            raise _Broken(known, client.endpoint) from error
        except TransportError as error:
            raise _Broken(error, client.endpoint) from error

    def _hop(self, at: int, length: int) -> Hop:
        parameters = {"offset": str(at), "length": str(length)}
        with self._lock:
            avoid = sorted(self._avoid)
        if avoid:
            parameters["excludedatanodes"] = ",".join(avoid)
        try:
            return self._ways.hop("GET", self._path, "OPEN", parameters)
        except FileError as error:
            if not avoid or isinstance(error, (PathNotFoundError, PathDeniedError)):
                raise
            with self._lock:  # no replica is left without them: one may be back
                self._avoid.clear()
            del parameters["excludedatanodes"]
            return self._ways.hop("GET", self._path, "OPEN", parameters)

    def _turn_away(self, node: Endpoint, at: int) -> None:
        """Stay away from a DataNode, unless no other has the block.

        The NameNode excludes by the address that DataNodes send blocks to each other by, and
        a redirect names another port; who else has the block it tells too.
        """
        with suppress(EmrError, LookupError, TypeError):
            reply = self._ways.call(
                *("GET", self._path, "GET_BLOCK_LOCATIONS"),
                {"offset": str(at), "length": "1"},
                retry=Retry.READ,
            )
            (block,) = reply.json()["LocatedBlocks"]["locatedBlocks"]
            names = {
                f"{where['ipAddr']}:{where['xferPort']}": where for where in block["locations"]
            }
            gone = {
                name
                for name, where in names.items()
                if node.port in (where["infoPort"], where.get("infoSecurePort"))
                and node.host in (where["hostName"], where["ipAddr"])
            }
            with self._lock:
                self._avoid |= gone
                if self._avoid >= set(names):
                    self._avoid.clear()


class _Broken(Exception):  # noqa: N818 -- never leaves this module
    """A read that broke at one DataNode."""

    def __init__(self, error: EmrError, node: Endpoint) -> None:
        super().__init__(str(error))
        self.error = error
        self.node = node
