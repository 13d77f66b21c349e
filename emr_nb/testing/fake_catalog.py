"""An engine with a catalog from a script; what it was asked stays to be looked at."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from emr_nb.errors import EmrError, StatementError
from emr_nb.model import CatalogNode
from emr_nb.testing.fake_engine import FakeEngine, result_of

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.results.result import Result

_LONGEST = 30.0


class FakeCatalogEngine(FakeEngine):
    """Lists `listed` by a parent's qualified name ("": the root), and answers `asides` by SQL.

    What is an error is raised. While `gate` is not set every answer waits.
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name
        self.listed: dict[str, Sequence[CatalogNode] | EmrError] = {}
        self.asides: dict[str, pa.Table | EmrError] = {}
        self.asked: list[str] = []
        self.forgotten = 0
        self.gate = threading.Event()
        self.gate.set()

    def catalog(self, parent: CatalogNode | None = None) -> Sequence[CatalogNode]:
        key = parent.qualified if parent else ""
        self.asked.append(f"list {key}".rstrip())
        self.gate.wait(_LONGEST)
        found = self.listed.get(key, ())
        if isinstance(found, EmrError):
            raise found
        return found

    def forget_catalog(self) -> None:
        self.forgotten += 1

    def aside(self, sql: str, *, rows: int = -1, seconds: float = 20.0) -> Result:
        del seconds
        self.asked.append(sql)
        self.gate.wait(_LONGEST)
        found = self.asides.get(sql)
        if found is None:
            raise StatementError(f"There is no answer to {sql}")
        if isinstance(found, EmrError):
            raise found
        result = result_of(found)
        if 0 <= rows < found.num_rows:
            return type(result)(found.slice(0, rows), result.columns, truncated=True)
        return result


def nodes(kind: str, *names: str, below: str = "") -> list[CatalogNode]:
    """Return nodes of one kind, named in back quotes below another."""
    quoted = ["`" + name.replace("`", "``") + "`" for name in names]
    return [
        CatalogNode(name, kind, f"{below}.{text}" if below else text)
        for name, text in zip(names, quoted, strict=True)
    ]
