"""Send local frames and values to a session: frames as Parquet by a store, values as JSON.

A frame goes to the session's private folder and stays there as long as the session lives,
since Spark reads it whenever the view is used. Where this notebook reaches no store of the
cluster, the file goes in pieces through statements, up to `EmrNb.push_bytes`.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emr_nb.engines.inputs import LocalInput, Staged
from emr_nb.engines.livy.code import piece_code
from emr_nb.engines.livy.scala import derived
from emr_nb.engines.livy.scala_values import scala_values_code
from emr_nb.engines.scratch import Scratch
from emr_nb.errors import EmrError, StatementError, UsageError
from emr_nb.model import FilePath, Progress, Request
from emr_nb.results.outgoing import Outgoing
from emr_nb.results.parquet_out import ParquetOut
from emr_nb.results.plan import plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession

Notify = Callable[[Progress], None]
PIECE_BYTES = 3 * 1024 * 1024  # 4 MiB as base64


def stage(
    session: LivySession,
    inputs: Sequence[LocalInput],
    language: str,
    notify: Notify | None,
    most_bytes: int,
) -> Staged:
    """Send inputs to a session for a statement of this language; see `TakesInputs.stage`.

    A Scala session takes them by statements of their own, before the one they are for.
    """
    push = _Push(session, notify or (lambda _: None), most_bytes)
    if language != "scala":
        text = push.stage(inputs, variables=language == "python")
        return Staged(text, tuple(push.notices), push.rows, push.undo)
    frames = [item for item in inputs if item.frame is not None]
    values = {item.name: item.value for item in inputs if item.frame is None}
    tag = secrets.token_hex(16)
    code = scala_values_code(tag, values, [f.name for f in frames if not f.table])
    if frames:
        text = push.stage(frames, variables=False)
        taking = Request("# views for a Scala cell", "python", secrets.token_hex(16), inputs=text)
        session.submit(taking, plan_transfer(taking)).result()
    _must(session.run(code, "spark", tag), "The variables could not be made", session.where)
    return Staged("", tuple(push.notices), push.rows, push.undo)


def _must(answer: Mapping[str, Any], what: str, where: str) -> None:
    if answer.get("status") != "ok":
        raise StatementError(
            f"{what}: {answer.get('evalue')}",
            ename=str(answer.get("ename")),
            evalue=str(answer.get("evalue")),
            where=where,
        )


class _Push:
    """One push on its way; `undo` takes back what lies on the cluster already."""

    def __init__(self, session: LivySession, notify: Notify, most_bytes: int) -> None:
        self._session = session
        self._notify = notify
        self._most = most_bytes
        self._began = time.monotonic()
        self._folders: list[tuple[Scratch, FilePath]] = []
        self.notices: list[str] = []
        self.rows: dict[str, int] = {}

    def stage(self, inputs: Sequence[LocalInput], *, variables: bool) -> str:
        """Send the frames' bytes and return the `inputs` of the statement that takes them.

        With `variables` a frame becomes a DataFrame variable too. Nothing is left behind when
        it fails. Raises UsageError, FileError, TransportError, StatementError.
        """
        try:
            items = [self._item(item, variables) for item in inputs]
        except BaseException:
            self.undo()
            raise
        return json.dumps(items)

    def undo(self) -> None:
        """Remove the folders of this push."""
        for scratch, folder in self._folders:
            try:
                scratch.remove(folder)
            except EmrError:
                continue  # the folder goes with the session
        self._folders.clear()

    # -- inside ---------------------------------------------------------------------------

    def _item(self, item: LocalInput, variables: bool) -> dict[str, Any]:
        ready = item.frame
        if ready is None:
            return {"kind": "value", "name": item.name, "value": item.spelled}
        self.notices += [f"{item.name}: {notice}" for notice in ready.notices]
        told: dict[str, Any] = {"path": None, "key": "", "bytes": 0, "rows": ready.source.rows or 0}
        if ready.written:
            told |= self._sent(ready)
        elif ready.source.rows is None:
            told["rows"] = sum(batch.num_rows for batch in ready.source.batches())
        self.rows[item.name] = told["rows"]
        return {
            "kind": "frame",
            "name": item.name,
            "columns": ready.described(),
            "variable": variables,
            "table": item.table,
            "overwrite": item.overwrite,
            **told,
        }

    def _sent(self, frame: Outgoing) -> dict[str, Any]:
        out = ParquetOut(frame)
        scratch = self._session.scratch()
        if scratch is None:
            key = secrets.token_hex(16)
            self._in_pieces(out, frame, key)
            return {"key": key, "bytes": out.bytes, "rows": out.rows}
        folder = scratch.path(f"in-{secrets.token_hex(8)}")
        self._folders.append((scratch, folder))
        scratch.folder(folder.name)
        path = folder.child("frame.parquet")
        scratch.store.write(path, self._watched(out, frame))
        return {"path": str(path), "rows": out.rows}

    def _watched(self, out: ParquetOut, frame: Outgoing) -> Iterator[bytes]:
        """Yield the chunks and tell how far they are."""
        total = frame.source.rows
        for chunk in out:
            yield chunk
            self._notify(
                Progress(
                    "sending",
                    time.monotonic() - self._began,
                    min(out.rows / total, 0.99) if total else None,
                    detail=frame.name,
                    rows=out.rows,
                    bytes=out.bytes,
                )
            )

    def _in_pieces(self, out: ParquetOut, frame: Outgoing, key: str) -> None:
        """Send a file through statements: the driver writes it where Spark reads."""
        for index, piece in enumerate(_pieces(self._watched(out, frame))):
            if out.bytes > self._most:
                raise UsageError(
                    f"{frame.name} takes more than {self._most / 2**20:,.0f} MiB as Parquet, and "
                    "no store of the cluster is reached from here: only so much goes through Livy",
                    where=self._session.where,
                    advice="Set EmrNb.spool to an S3 prefix that both reach, or raise "
                    "EmrNb.push_bytes.",
                )
            tag = derived(key, f"piece {index}")
            answer = self._session.run(piece_code(tag, key, index, piece), "pyspark", tag)
            _must(answer, f"{frame.name} could not be sent through Livy", self._session.where)


def _pieces(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the same bytes in pieces of PIECE_BYTES, the last one shorter."""
    held = bytearray()
    for chunk in chunks:
        held += chunk
        while len(held) >= PIECE_BYTES:
            yield bytes(held[:PIECE_BYTES])
            del held[:PIECE_BYTES]
    if held:
        yield bytes(held)
