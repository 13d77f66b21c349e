"""A spool of Parquet files as one file, whose bytes pass without being decoded."""

from __future__ import annotations

import base64
from collections.abc import Iterator

from emr_nb.engines.spool import Spooled
from emr_nb.results.parquet_join import END, ParquetJoin, footer_length


class JoinedParquet:
    """The bytes of the file; `rows` are known at its end."""

    def __init__(self, spooled: Spooled) -> None:
        self._spooled = spooled
        self.rows = 0

    def __iter__(self) -> Iterator[bytes]:
        join, parts = ParquetJoin(), iter(self._spooled.parts)
        at = start = 0
        for block, last in self._spooled.blocks():
            body = block
            if last:
                name, size = next(parts)
                length = footer_length(block) + END
                body, tail = block[:-length], block[-length:]
                if len(tail) < length:  # what of it was in the block before stays, read by nobody
                    body, tail = b"", self._spooled.read(name, size - length, length)
                join.add(tail[:-END], start)
            at += len(body)
            yield body
            start = at if last else start
        self.rows = join.rows
        yield join.end({b"ARROW:schema": self._schema()})

    def _schema(self) -> bytes:
        """Return what Arrow's own writer adds: zones, and types that Parquet has no word for."""
        return base64.b64encode(self._spooled.arrow_schema.serialize())
