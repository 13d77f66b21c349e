"""ORC: its tail, and the first rows by ranged reads.

liborc, inside pyarrow, reads a stripe as a whole. So it is shown a file whose footer says that
the stripe has only the rows that are wanted: of each stream it then reads the beginning. Rows
are read in a process of their own, since liborc may not survive a damaged file.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from emr_nb.files.preview import orc_tail
from emr_nb.files.preview import protobuf as pb
from emr_nb.files.preview.body import Body, left_out
from emr_nb.files.preview.damage import BudgetSpentError, DamageError, first_line
from emr_nb.files.preview.model import Group, Options
from emr_nb.files.preview.orc_process import OrcProcess
from emr_nb.files.preview.source import Source

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_STRIPES = 16
_MOST_STATS = 20_000


def read(source: Source, options: Options) -> Body:
    """Return what the tail tells and the first rows; raises DamageError on a broken file."""
    tail = orc_tail.read(source)
    shown = _Shown(source, tail, options.rows)
    schema = shown.schema()
    rows, notes = shown.rows(schema)
    groups, more = _groups(tail)
    return Body(
        "ORC",
        schema,
        rows,
        total_rows=tail.rows,
        compression=orc_tail.CODECS[tail.codec] if tail.codec else "",
        unit="stripe",
        groups=groups,
        notes=(*notes, *more),
    )


def schema_of(source: Source) -> tuple[pa.Schema, int | None]:
    """Return the schema and the number of rows, reading the tail alone."""
    tail = orc_tail.read(source)
    return _Shown(source, tail, 0).schema(), tail.rows


def _groups(tail: orc_tail.Tail) -> tuple[tuple[Group, ...], list[str]]:
    told = max(1, _MOST_STATS // max(1, len(tail.names)))
    groups = tuple(
        Group(
            at,
            s.rows,
            s.offset,
            s.end - s.offset,
            columns=orc_tail.stats_of(tail, at, s.rows) if at < told else (),
        )
        for at, s in enumerate(tail.stripes)
    )
    notes = []
    if len(groups) > told:
        notes.append(f"Statistics are those of the first {told:,} of {len(groups):,} stripes.")
    total = sum(s.rows for s in tail.stripes)
    if total != tail.rows:
        notes.append(f"The footer says {tail.rows:,} rows, its stripes have {total:,}.")
    return groups, notes


class _Shown(io.RawIOBase):
    """The file with another tail: the stripes of the first rows, and no more rows than those."""

    def __init__(self, source: Source, tail: orc_tail.Tail, wanted: int) -> None:
        super().__init__()
        self._source, self._tail = source, tail
        self._chosen: list[tuple[orc_tail.Stripe, int]] = []
        for stripe in tail.stripes:
            left = wanted - sum(rows for _, rows in self._chosen)
            if left <= 0 or len(self._chosen) >= _MOST_STRIPES:
                break
            if stripe.rows > 0:
                self._chosen.append((stripe, min(stripe.rows, left)))
        self._end = max((s.end for s, _ in self._chosen), default=3)
        self._new = self._new_tail()
        self._at = 0
        self.failure: Exception | None = None

    def schema(self) -> pa.Schema:
        from pyarrow import orc

        with self._honest("its schema"):
            return orc.ORCFile(self).schema

    def rows(self, schema: pa.Schema) -> tuple[pa.Table, list[str]]:
        """Return the first rows, and notes on columns that are not among them."""
        wanted = sum(rows for _, rows in self._chosen)
        if not wanted:
            return schema.empty_table(), []
        with OrcProcess(self._end + len(self._new), self._range) as process:
            try:
                return self._checked(process.read(None), wanted), []
            except BudgetSpentError as error:
                return self._fewer(process, schema, wanted, str(error))

    def _fewer(
        self, process: OrcProcess, schema: pa.Schema, wanted: int, why: str
    ) -> tuple[pa.Table, list[str]]:
        """Return the first columns, half as many each time until they take few enough bytes."""
        names: list[str] = schema.names
        kept = len(names) // 2
        while kept:
            try:
                table = self._checked(process.read(names[:kept]), wanted)
            except BudgetSpentError:
                kept //= 2
                continue
            return table, left_out([(name, why) for name in names[kept:]])
        return schema.empty_table().select([]), left_out([(name, why) for name in names])

    @contextmanager
    def _honest(self, what: str) -> Iterator[None]:
        """Raise what reading the file raised, not what liborc makes of it."""
        self.failure, self._at = None, 0
        try:
            yield
        except Exception as error:
            if self.failure is not None and self.failure is not error:
                raise self.failure from error
            if self.failure is not None:
                raise
            raise DamageError(f"{what} cannot be read ({first_line(error)})") from error

    def _checked(self, table: pa.Table, wanted: int) -> pa.Table:
        if table.num_rows != wanted:
            raise DamageError(f"its first {wanted:,} rows are {table.num_rows:,}")
        return table

    def _new_tail(self) -> bytes:
        """Write footer and postscript for what is shown, uncompressed within their frames."""
        stripes = [
            (3, pb.written([(1, s.offset), (2, s.index), (3, s.data), (4, s.footer), (5, rows)]))
            for s, rows in self._chosen
        ]
        kept = [pair for pair in self._tail.footer if pair[0] in (1, 4, 8, 9, 11)]
        total = sum(rows for _, rows in self._chosen)
        footer = pb.written([*kept, (2, self._end - 3), *stripes, (6, total)])
        if self._tail.codec:
            step = min(self._tail.block, 2**22)
            pieces = [footer[n : n + step] for n in range(0, len(footer), step)]
            footer = b"".join((len(p) << 1 | 1).to_bytes(3, "little") + p for p in pieces)
        old = self._tail.postscript
        version = pb.numbers(old.get(4, [])) or [0, 12]
        postscript = pb.written(
            [
                *((1, len(footer)), (2, self._tail.codec), (3, self._tail.block)),
                *((4, part) for part in version[:2]),
                *((5, 0), (6, pb.whole(old, 6)), (8000, orc_tail.MAGIC)),
            ]
        )
        return footer + postscript + bytes([len(postscript)])

    # -- the file that liborc sees --------------------------------------------------------

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        size = self._end + len(self._new)
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        whole = self._end + len(self._new)
        end = whole if size is None or size < 0 else min(whole, self._at + size)
        try:
            data = self._range(self._at, max(0, end - self._at))
        except Exception as error:
            self.failure = error  # liborc may swallow it, or have words of its own for it
            raise
        self._at += len(data)
        return data

    def _range(self, at: int, size: int) -> bytes:
        """Return bytes of the file, and beyond its last stripe those of the other tail."""
        end = at + size
        data = b""
        if at < min(end, self._end):
            data = self._source.read(at, min(end, self._end) - at)
        return data + self._new[max(0, at - self._end) : max(0, end - self._end)]
