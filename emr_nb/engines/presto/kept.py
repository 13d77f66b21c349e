"""A result whose pages are taken one by one, in bounded memory, while somebody writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

from emr_nb.engines.presto.reading import Arrived
from emr_nb.engines.presto.result import Collected
from emr_nb.engines.presto.segments import awaited
from emr_nb.errors import ResultError

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass
class Kept:
    """The rows of one query; `limit` is how many of them were asked for (None: all).

    `rest` gives what follows the page that is here already. `whole` tells that all that was
    asked for has been taken. Instants with a zone are in UTC: a later page may have another.
    """

    collected: Collected
    first: Arrived
    rest: Callable[[], Iterator[Arrived]]
    limit: int | None
    where: str
    whole: bool = field(default=False, init=False)
    _begun: bool = field(default=False, init=False)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The schema of every table."""
        return self.collected.schema

    def tables(self) -> Iterator[tuple[int, pa.Table]]:
        """Yield the rows in order, with the bytes read for each table.

        Raises ResultError, StatementError where the query fails on its way, TransportError.
        """
        if self._begun:
            raise ResultError("A result is read once, and this one was", where=self.where)
        self._begun = True
        for arrived in chain([self.first], self.rest()):
            if self._enough and not self.collected.cuttable:
                continue  # what the statement does ends with its last page
            yield from self._of(arrived)
            if self._enough and self.collected.cuttable:
                break
        self.whole = True

    # -- inside ---------------------------------------------------------------------------

    @property
    def _enough(self) -> bool:
        return self.limit is not None and self.collected.count >= self.limit

    def _of(self, arrived: Arrived) -> Iterator[tuple[int, pa.Table]]:
        import pyarrow as pa

        page = arrived.page
        if page.rows:
            yield (
                len(page.rows),
                pa.Table.from_batches(self.collected.batches(page.rows), self.arrow_schema),
            )
        for segment, part in zip(page.segments, arrived.parts, strict=True):
            body = awaited(part)
            batches = self.collected.batches(body, segment)
            yield len(body), pa.Table.from_batches(batches, self.arrow_schema)
