"""What becomes of a result in the notebook: the variable, the table, the chart, the notices."""

from __future__ import annotations

from importlib import import_module
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from emr_nb.errors import MissingExtraError
from emr_nb.notebook.look import plural
from emr_nb.results import table

if TYPE_CHECKING:
    import pyarrow as pa

    from emr_nb.notebook.cells import Job
    from emr_nb.notebook.screen import Screen
    from emr_nb.notebook.state import Notebook
    from emr_nb.results.result import Result


class Delivery:
    """Brings the result of one job to its reader."""

    def __init__(
        self,
        notebook: Notebook,
        job: Job,
        *,
        screen: Screen | None = None,
        brought: dict[str, Any] | None = None,
    ) -> None:
        self._notebook = notebook
        self._job = job
        self._screen = screen or notebook.screen
        self._names = notebook.shell.user_ns if brought is None else brought
        self._in = "in {}" if brought is None else "in {}.result()"  # where the value is

    def bind(self, result: Result) -> tuple[list[str], tuple[str, ...]]:
        """Bind `-o`; returns facts for the summary line and notices for the page."""
        name, rows = self._job.options["output"], self._job.options["rows"]
        notices: list[str] = []
        if result.is_value:
            return [self.bind_value(result.value)], ()
        counted = f"first {plural(len(result), 'row')}" if result.truncated else (
            plural(len(result), "row")
        )  # fmt: skip
        facts = [counted] if result.columns else []  # an INSERT has neither
        if result.truncated:
            notices.append(table.cut_notice(result, rows))
        if name:
            value, said = convert(result, self._job.options["as_"], self._job.options["decimal"])
            notices += said
            self._names[name] = value
            facts.append(self._in.format(name))
            if self._decimals(result.table) and self._job.options["decimal"] == "exact":
                notices.append("Decimals are exact; to plot them: --decimal float")
        return facts, tuple(notices)

    def bind_value(self, value: Any) -> str:
        """Bind a plain value that `-o` brought; returns the fact for the summary line."""
        name = self._job.options["output"] or "_"
        self._names[name] = value
        return f"{type(value).__name__} {self._in.format(name)}"

    def show(self, result: Result, notices: tuple[str, ...], name: str | None = None) -> None:
        """Show the table, or with --chart the chart; nothing with -q or without columns."""
        options = self._job.options
        if result.is_value:
            return
        if options["quiet"]:
            for notice in notices:
                self._screen.show({"text/plain": notice})
            return
        if options["chart"]:
            from emr_nb.notebook.charts import ChartSpec, chart_bundle

            spec = ChartSpec(options["chart"], options["x"] or "", options["y"] or "")
            self._screen.show(chart_bundle(result, spec))
        elif result.table.num_columns:
            self._screen.show(
                result_bundle(
                    self._notebook,
                    result,
                    notices,
                    (options["output"] if name is None else name) or "",
                )
            )

    def _decimals(self, arrow: pa.Table) -> bool:
        from pyarrow import types

        told = "decimals" in self._notebook.hinted
        found = any(types.is_decimal(t) for t in arrow.schema.types)
        if found:
            self._notebook.hinted.add("decimals")
        return found and not told


def result_bundle(
    notebook: Notebook, result: Result, notices: tuple[str, ...] = (), name: str = ""
) -> dict[str, Any]:
    """Keep a result for the live grid and return its MIME bundle."""
    if result.truncated and not notices:
        notices = (table.cut_notice(result),)
    result_id = token_hex(16)
    notebook.results.keep(result_id, result)
    shown = table.view(
        result,
        saved_rows=notebook.settings.saved_rows,
        notices=notices,
        name=name,
        result_id=result_id,
    )
    return table.bundle(shown)


def convert(result: Result, form: str, decimals: str) -> tuple[Any, tuple[str, ...]]:
    """Return what `-o` binds (pandas by default, polars, or the Arrow table), and notices."""
    if form == "pandas":
        from emr_nb.results.pandas import to_pandas

        made = to_pandas(result, decimals)
        return made.frame, made.notices
    if decimals == "float":
        result = _float_decimals(result)
    if form == "arrow":
        return result.to_arrow(), ()
    try:
        pl = import_module("polars")
    except ImportError as error:
        raise MissingExtraError(
            "polars is not installed", advice="pip install polars, or use --as arrow."
        ) from error
    return pl.from_arrow(result.to_arrow()), ()


def _float_decimals(result: Result) -> Result:
    from dataclasses import replace

    import pyarrow as pa
    from pyarrow import types

    fields = [
        f.with_type(pa.float64()) if types.is_decimal(f.type) else f for f in result.table.schema
    ]
    metadata = result.table.schema.metadata
    return replace(result, table=result.table.cast(pa.schema(fields, metadata)))
