"""The disk of the primary node, only read: `node:///var/log/…` through the session that is open.

Nothing else of a cluster shows that disk. Python of the session looks at it, as the user that
the session runs as, on the machine that its driver runs on; the listing says which that is.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from emr_nb.context import Answer, ClusterContext
from emr_nb.errors import FileError, PathDeniedError, SessionNotFoundError, StoreLacksError
from emr_nb.files.abilities import Detail
from emr_nb.files.asked import ranges
from emr_nb.files.local_disk import mapped
from emr_nb.files.node_host import Host, host_of
from emr_nb.files.rests import PAGE
from emr_nb.model import FileEntry, FilePath, Page

_WALKED = 20_000  # entries of one answer
_DENIED = (1, 13)  # EPERM, EACCES


class NodeFactory:
    """Makes the view of the primary node's disk; a session is asked for when something is read."""

    def __call__(self, context: ClusterContext) -> NodeFileSystem:
        return NodeFileSystem(context)


class NodeFileSystem:
    """What a session's Python sees of its machine; names that are not UTF-8 are surrogates.

    `node://HOST/…` insists on a host, `node://primary/…` on the primary node. Raises
    SessionNotFoundError where no session is open.
    """

    scheme = "node"

    def __init__(self, context: ClusterContext) -> None:
        self._context = context
        self._host: Host | None = None  # as the last answer told it

    # -- looking --------------------------------------------------------------------------

    def ls(self, path: FilePath, after: str | None = None) -> Page[FileEntry]:
        answer = self._ask(path, op="names", path=path.key, after=after, most=PAGE)
        told = json.loads(answer.payload)
        if "file" in told:
            return Page([_entry(path, told["file"])])
        entries = [_entry(path.child(one[0]), one) for one in told["entries"]]
        return Page(entries, told["last"])

    def info(self, path: FilePath) -> FileEntry:
        answer = self._ask(path, op="info", path=path.key)
        return _entry(path, json.loads(answer.payload)["entry"])

    def walk(self, path: FilePath) -> Iterator[FileEntry]:
        """Yield all below a path, many folders a statement; links to folders stay links.

        Raises PathDeniedError for the first folder that may not be read.
        """
        top = self.info(path)
        if not top.is_directory:
            yield top
            return
        left: list[Any] = [[path.key, None]]
        while left:
            told = json.loads(self._ask(path, op="walk", folders=left, most=_WALKED).payload)
            for folder, entries, number, problem in told["found"]:
                here = FilePath(path.scheme, path.authority, folder)
                if number:
                    self._raise(here, {"errno": number, "problem": problem})
                yield from (_entry(here.child(one[0]), one) for one in entries)
            left = told["left"]

    def detail(self, path: FilePath) -> Detail:
        """Tell which machine it is, as whom it is read, and by which session."""
        entry = self.info(path)
        host = self._host
        assert host is not None  # the answer told it
        facts = [("Machine", host.said), ("Read as", host.user), ("Through", host.label)]
        problem = entry.extra.get("problem", "")
        return Detail(entry, facts, readable=not problem, reason=problem)

    def identity(self, path: FilePath) -> str:  # noqa: ARG002
        """Return which user of which machine read what was asked last, and by which session."""
        host = self._host
        return f"{host.user} on {host.said}, through {host.label}" if host else ""

    def read(self, path: FilePath, start: int = 0, length: int | None = None) -> Iterator[bytes]:
        """Yield a range of a regular file; see emr_nb.files.asked for its bound."""
        most = self._context.settings.session_read_bytes

        def ask(at: int, size: int) -> Answer:
            answer = self._ask(path, op="read", path=path.key, start=at, size=size)
            if answer.told.get("special"):
                raise FileError("It is a pipe, socket or device, not a file", where=str(path))
            return answer

        return ranges(ask, start, length, most, str(path))

    # -- what is refused ------------------------------------------------------------------

    def refuse(self, path: FilePath) -> StoreLacksError:
        """Return the error of anything that would change the disk."""
        return StoreLacksError(
            "The disk of the primary node is only read here",
            where=str(path),
            advice="Write to HDFS or S3, or by Python's own open() in a %%spark cell.",
        )

    def write(
        self,
        path: FilePath,
        chunks: Iterable[bytes],  # noqa: ARG002
        *,
        overwrite: bool = False,  # noqa: ARG002
    ) -> FileEntry:
        raise self.refuse(path)

    def mkdir(self, path: FilePath) -> None:
        raise self.refuse(path)

    def mv(self, source: FilePath, target: FilePath) -> None:  # noqa: ARG002
        raise self.refuse(source)

    def rm(self, path: FilePath, *, recursive: bool = False) -> None:  # noqa: ARG002
        raise self.refuse(path)

    # -- inside ---------------------------------------------------------------------------

    def _ask(self, where: FilePath, **question: Any) -> Answer:
        if "\0" in where.key:
            raise FileError("No file can have a NUL in its name", where=repr(str(where)))
        asking = self._context.asking()
        if asking is None:
            raise SessionNotFoundError(
                "The primary node's disk is read through a session, and none is open here",
                where=str(where),
                advice="Run a %%spark cell first (it opens one), then ask again.",
            )
        answer = asking.ask(question)
        self._host = host = host_of(answer.told, asking.label, self._context.cluster)
        host.check(where)
        if "errno" in answer.told:
            self._raise(where, answer.told)
        return answer

    def _raise(self, path: FilePath, told: Mapping[str, Any]) -> NoReturn:
        number, problem, host = told["errno"], str(told["problem"]), self._host
        if number in _DENIED and host is not None:
            raise PathDeniedError(
                f"{host.user} may not do that on {host.name}: {problem}",
                where=str(path),
                advice=f"{host.label} runs as {host.user}; only what it may read is shown.",
            )
        with mapped(path):
            raise OSError(number, problem)
        raise AssertionError("mapped raises")


def _entry(path: FilePath, told: list[Any]) -> FileEntry:
    _, kind, size, modified, owner, group, mode, problem = told
    return FileEntry(
        path,
        kind,
        size=0 if kind == "directory" else size,
        modified=None if modified is None else datetime.fromtimestamp(modified, UTC),
        owner=owner,
        group=group,
        permissions=mode,
        extra={"problem": problem} if problem else {},
    )
