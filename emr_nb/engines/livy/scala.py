"""Bring what a Scala cell made: a DataFrame becomes a view, which our Python runner collects.

Scala cannot call the JVM's Arrow entry points directly (`private[sql]`), and a Livy session
shares temporary views between its languages.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from emr_nb.engines.livy.code import collect_view_code, scala_drop_code, scala_view_code
from emr_nb.engines.livy.failures import statement_error
from emr_nb.errors import UsageError
from emr_nb.model import Request
from emr_nb.results.plan import TransferPlan, plan_transfer

if TYPE_CHECKING:
    from emr_nb.engines.livy.session import LivySession
    from emr_nb.engines.livy.statement import LivyStatement

_IDENTIFIER = re.compile(r"[A-Za-z_]\w*\Z")
# what the REPL says of a cell's last expression: `res3: org.apache.spark.sql.DataFrame = [...]`
_LAST_FRAME = re.compile(r"^(res\d+): org\.apache\.spark\.sql\.(?:DataFrame|Dataset\[.+?\]) = ")


def derived(tag: str, part: str) -> str:
    """Return the tag of a statement that belongs to another: 32 hex digits too."""
    return hashlib.sha256(f"{tag}/{part}".encode()).hexdigest()[:32]


def check_scala(request: Request) -> None:
    """Raise UsageError for a `-o` that is no Scala identifier, before anything runs."""
    if request.output is not None and not _IDENTIFIER.match(request.output):
        raise UsageError(
            f"{request.output!r} is not the name of a Scala variable",
            advice="Give the DataFrame a name in the cell, and that name to -o.",
        )


def frame_of(request: Request, output: Mapping[str, Any]) -> str | None:
    """Return the variable to bring: `-o`'s, else the last expression if it is a DataFrame."""
    if request.output is not None:
        return request.output
    text = str((output.get("data") or {}).get("text/plain") or "").rstrip()
    found = _LAST_FRAME.match(text.rpartition("\n")[2])
    return found[1] if found else None


def collect_scala(
    session: LivySession,
    request: Request,
    plan: TransferPlan | None,
    output: Mapping[str, Any],
) -> LivyStatement | None:
    """Return the statement that collects the cell's DataFrame; None when it made none.

    Raises StatementError when `-o` names something that is no DataFrame.
    """
    name = frame_of(request, output)
    if name is None:
        return None
    view = f"_emr_nb_{request.tag[:16]}"
    tag = derived(request.tag, "view")
    made = session.run(scala_view_code(tag, name, view), "spark", tag)
    if made.get("status") != "ok":
        raise statement_error(
            str(made.get("ename")),
            str(made.get("evalue")),
            [str(line) for line in made.get("traceback") or ()],
            "scala",
            f"bringing {name}",
        )
    plan = plan or plan_transfer(request)
    collect = replace(request, tag=derived(request.tag, "collect"))
    code = collect_view_code(collect, plan, view, install=True)
    statement = session.start(collect, code, "pyspark", plan)
    drop = derived(request.tag, "drop")
    session.send(scala_drop_code(drop, view), "pyspark", drop)
    return statement
