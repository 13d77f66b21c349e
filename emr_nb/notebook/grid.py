"""The kernel's side of the live grid: keeps results and answers the renderer's questions.

Messages are documented in labextension/table-mime.md. They may arrive on another thread than the
one that runs cells, so the store has a lock; Arrow tables themselves never change.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.results.result import Result

TARGET = "emr_nb.table"
MAX_ROWS = 1000
_OPERATORS = {
    "=": "equal", "!=": "not_equal", "<": "less", "<=": "less_equal",
    ">": "greater", ">=": "greater_equal",
}  # fmt: skip


class GridError(Exception):
    """A question that the grid cannot answer; the text is for its reader."""


class ResultStore:
    """The newest results, up to a number of bytes; the newest one always stays."""

    def __init__(self, max_bytes: int = 512 * 1024 * 1024) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._results: OrderedDict[str, Result] = OrderedDict()
        self._order: tuple[tuple[Any, ...], pa.Table] | None = None

    def keep(self, result_id: str, result: Result) -> None:
        """Keep a result, letting go of the longest unused ones."""
        with self._lock:
            self._results[result_id] = result
            self._results.move_to_end(result_id)
            while len(self._results) > 1 and self._bytes() > self.max_bytes:
                self._results.popitem(last=False)

    def get(self, result_id: str) -> Result | None:
        """Return a result, or None when it is gone."""
        with self._lock:
            if result_id in self._results:
                self._results.move_to_end(result_id)
            return self._results.get(result_id)

    def clear(self) -> None:
        """Let go of everything."""
        with self._lock:
            self._results.clear()
            self._order = None

    def ordered(self, result_id: str, result: Result, query: Mapping[str, Any]) -> pa.Table:
        """Return the table filtered and sorted; the last one made is kept for scrolling."""
        key = (result_id, repr(query.get("sort")), repr(query.get("filter")))
        with self._lock:
            if self._order is not None and self._order[0] == key:
                return self._order[1]
        table = sort(choose(result.table, query.get("filter") or ()), query.get("sort"))
        with self._lock:
            self._order = (key, table)
        return table

    def _bytes(self) -> int:
        return sum(r.table.nbytes for r in self._results.values())


def answer(store: ResultStore, result_id: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Answer one message of the renderer."""
    result = store.get(result_id)
    if result is None:
        return {"type": "gone"}
    if message.get("type") != "rows":
        total = None if result.truncated else len(result)
        ready = {"type": "ready", "held": len(result), "total": total}
        return {**ready, "truncated": result.truncated}
    from emr_nb.results.texts import rows_of

    seq = message.get("seq", 0)
    try:
        start = max(0, int(message.get("start", 0)))
        length = min(MAX_ROWS, max(0, int(message.get("count", 0))))
        table = store.ordered(result_id, result, message)
        rows = rows_of(table, start, length)
    except GridError as error:
        return {"type": "error", "seq": seq, "message": str(error)}
    except Exception as error:  # noqa: BLE001 - a front end's message must not break the kernel
        return {"type": "error", "seq": seq, "message": f"{type(error).__name__}: {error}"}
    return {"type": "rows", "seq": seq, "start": start, "rows": rows, "total": table.num_rows}


def choose(table: pa.Table, filters: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Return the rows that pass all filters."""
    for item in filters:
        table = table.filter(_mask(table, item))
    return table


def sort(table: pa.Table, order: Mapping[str, Any] | None) -> pa.Table:
    """Return the table stably sorted by one column, nulls last; nested columns by their text."""
    if not order:
        return table
    import pyarrow as pa
    import pyarrow.compute as pc

    from emr_nb.results.texts import column_texts

    column = _column(table, order.get("column"))
    direction = "descending" if order.get("descending") else "ascending"
    number = pa.array(range(table.num_rows), pa.int64())
    keys = [("key", direction), ("number", "ascending")]
    try:
        made = pa.table([column, number], names=["key", "number"])
        indices = pc.sort_indices(made, sort_keys=keys)
    except (pa.ArrowNotImplementedError, pa.ArrowTypeError):
        made = pa.table([pa.array(column_texts(column), pa.string()), number], ["key", "number"])
        indices = pc.sort_indices(made, sort_keys=keys)
    return table.take(indices)


def _mask(table: pa.Table, item: Mapping[str, Any]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    from emr_nb.results.texts import column_texts

    operator, value = str(item.get("op", "contains")), str(item.get("value", ""))
    if operator == "contains":
        index = item.get("column", -1)
        columns = table.columns if index == -1 else [_column(table, index)]
        wanted = value.casefold()
        texts = [column_texts(c) for c in columns]
        hits = [
            any(t is not None and wanted in t.casefold() for t in r)
            for r in zip(*texts, strict=True)
        ]
        return pa.array(hits, pa.bool_())
    column = _column(table, item.get("column"))
    if operator in ("null", "notnull"):
        return pc.is_null(column) if operator == "null" else pc.is_valid(column)
    if operator not in _OPERATORS:
        raise GridError(f"There is no filter {operator!r}.")
    try:
        bound = pa.scalar(value, pa.string()).cast(column.type)
        return pc.fill_null(pc.call_function(_OPERATORS[operator], [column, bound]), False)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError) as error:
        raise GridError(f"{value!r} cannot be compared with {column.type}.") from error


def _column(table: pa.Table, index: Any) -> pa.ChunkedArray:
    if not isinstance(index, int) or not 0 <= index < table.num_columns:
        raise GridError(f"There is no column {index}.")
    return table.column(index)


def serve(kernel: Any, store: ResultStore) -> None:
    """Answer comms of the renderer in this kernel."""
    kernel.comm_manager.register_target(TARGET, lambda comm, opened: _opened(store, comm, opened))


def stop_serving(kernel: Any) -> None:
    """Take the comm target away again; quiet when it is not there."""
    kernel.comm_manager.targets.pop(TARGET, None)


def _opened(store: ResultStore, comm: Any, opened: Mapping[str, Any]) -> None:
    result_id = str(opened["content"]["data"].get("result", ""))

    def received(message: Mapping[str, Any]) -> None:
        comm.send(answer(store, result_id, message["content"]["data"]))

    comm.on_msg(received)
    comm.send(answer(store, result_id, {"type": "open"}))
