"""`--profile`: a cell's query is not brought but looked at, column by column, on the cluster.

Its columns are asked for first, which reads no data; then one query computes all statistics.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.engines.sql.around import NAME, around, is_query
from emr_nb.engines.sql.lexicon import Lexicon
from emr_nb.engines.sql.parameters import Placed
from emr_nb.engines.sql.profiles import MOST_COLUMNS, ProfiledColumn, ProfileQuery
from emr_nb.errors import ResultError, StatementError, UsageError
from emr_nb.model import Column
from emr_nb.notebook.look import count, plural
from emr_nb.notebook.runner import Runner
from emr_nb.notebook.sql_cells import rules_of
from emr_nb.results.result import Result
from emr_nb.results.texts import column_texts

if TYPE_CHECKING:
    from emr_nb.engines.base import Session, Statement
    from emr_nb.model import Request
    from emr_nb.notebook.attachment import Attachment
    from emr_nb.notebook.cells import Job

_LOOK = f"SELECT * FROM {NAME} LIMIT 0"


def refuse(job: Job) -> None:
    """Raise UsageError for what a profile cannot be asked together with."""
    where = f"%%{job.magic} --profile"
    if job.language != "sql":
        raise UsageError("--profile looks at the columns of a query: of SQL alone", where=where)
    for name, flag in (("to", "--to"), ("chart", "--chart"), ("rows", "-n")):
        if job.options[name] is not None:
            raise UsageError(
                f"{flag} has no meaning with --profile: its table is one row for each column",
                where=where,
                advice="A LIMIT in the query itself lets it look at fewer rows.",
            )


class ProfileRunner(Runner):
    """Runs one query of a cell and returns the statistics of its columns."""

    _whole: Job
    _rules: Lexicon

    def execute(
        self, attachment: Attachment, job: Job, request: Request
    ) -> tuple[Request, Result | None]:
        self._whole, self._rules = job, rules_of(attachment.cluster.engine(job.engine))
        # what is sent is another text than the cell's: its errors are told their places here
        return super().execute(attachment, replace(job, origin=None), request)

    def _drain(
        self, session: Session, job: Job, request: Request, adopted: Statement | None
    ) -> Result | None:
        del adopted  # what an earlier kernel began under this cell gave another table
        placed = self._whole.origin.placed if self._whole.origin else Placed(job.code)
        if not is_query(placed.text, self._rules):
            raise UsageError(
                "--profile looks at the columns of a query, and this is none",
                where=f"%%{job.magic}",
                advice="SELECT, WITH, VALUES, TABLE and FROM begin one. Nothing was run.",
            )
        shape = self._first(session, job, request, placed)
        fields = zip(shape.columns, shape.table.schema, strict=True)
        query = ProfileQuery(
            [ProfiledColumn(c.name, c.engine_type, f.type) for c, f in fields], self._rules
        )
        inner = query.placed(placed)
        plain = request.line.replace(" --profile", "")  # run again, it is a query as any other
        asked = replace(request, code=inner.text, rows=-1, inputs="", line=plain)
        try:
            row = super()._drain(session, job, asked, None)
        except StatementError as error:
            self._tell(error, inner)
            raise
        return None if row is None else table_of(query, row)

    def _first(self, session: Session, job: Job, request: Request, placed: Placed) -> Result:
        """Return the query's columns without a row."""
        inner = around(placed, self._rules, _LOOK)
        look = replace(
            request,
            code=inner.text,
            tag=secrets.token_hex(16),
            output=None,
            rows=0,
            quiet=True,
            cell_id="",
            line="%emr profile",
        )
        ends, self._ends_turn = self._ends_turn, False
        try:
            shape = super()._drain(session, job, look, None)
        except StatementError as error:
            self._tell(error, inner)
            raise
        finally:
            self._ends_turn = ends
        if self._gate is not None:
            self._gate.again()
        if shape is None or not shape.columns:
            raise ResultError("--profile: the query has no columns", where=f"%%{job.magic}")
        return shape

    def _tell(self, error: StatementError, sent: Placed) -> None:
        """Write the places in an error as those of the cell."""
        if "Ambiguous column" in error.what:
            error.advice = "Give each column of the query a name of its own, by AS."
        if self._whole.origin is not None:
            replace(self._whole.origin, placed=sent).tell(error)


def table_of(query: ProfileQuery, row: Result) -> Result:
    """Return the statistics, which came in one row, as a table with a row for each column.

    Least, greatest and mean values are texts: exact, whatever the column's type.
    """
    import pyarrow as pa

    names = [name.lower() for name in row.table.schema.names]
    texts = {n: column_texts(c)[0] for n, c in zip(names, row.table.columns, strict=True)}
    values = {n: c[0].as_py() for n, c in zip(names, row.table.columns, strict=True)}
    total, looked = int(values["total"]), query.columns[:MOST_COLUMNS]

    def every(letter: str, found: dict[str, Any]) -> list[Any]:
        return [found.get(f"{letter}{number}") for number in range(len(looked))]

    counted = [int(n) for n in every("n", values)]
    top = [_frequent(pairs) for pairs in every("top", values)]
    data: dict[str, tuple[str, Sequence[Any], pa.DataType]] = {
        "column": ("text", [c.name for c in looked], pa.string()),
        "type": ("text", [c.engine_type for c in looked], pa.string()),
        "values": ("not null", counted, pa.int64()),
        "nulls": ("count", [total - n for n in counted], pa.int64()),
        "distinct": (
            "approximate" if query.approximate else "count",
            _possible(every("d", values), counted),
            pa.int64(),
        ),
        "min": ("text", every("lo", texts), pa.string()),
        "max": ("text", every("hi", texts), pa.string()),
        "mean": ("text", every("m", texts), pa.string()),
        "stddev": ("sample", every("s", values), pa.float64()),
        **({"most frequent": ("approximate", top, pa.string())} if any(top) else {}),
    }
    arrays = [pa.array(found, type_) for _, found, type_ in data.values()]
    return Result(
        pa.Table.from_arrays(arrays, names=list(data)),
        tuple(Column(name, said) for name, (said, _, _) in data.items()),
        reference=row.reference,
        notices=tuple(_notices(query, total)),
    )


def _possible(estimates: Sequence[Any], counted: Sequence[int]) -> list[int | None]:
    """Return estimates of distinct values, which can be no more than there are values."""
    pairs = zip(estimates, counted, strict=True)
    return [None if found is None else min(int(found), most) for found, most in pairs]


def _notices(query: ProfileQuery, total: int) -> list[str]:
    about = "; distinct values are estimated" if query.approximate else ""
    notices = [f"Of {plural(total, 'row')}{about}."]
    if len(query.columns) > MOST_COLUMNS:
        notices.append(
            f"The first {MOST_COLUMNS} of {count(len(query.columns))} columns: select the others."
        )
    return notices


def _frequent(pairs: Any) -> str | None:
    """Return values with their counts, the most frequent first; None where nothing is known."""
    if not pairs:
        return None
    found = sorted(dict(pairs).items(), key=lambda pair: -pair[1])
    return ", ".join(f"{value} ({count(number)})" for value, number in found)
