"""What one statement answered, as events, tables and values in their order.

Python and SQL cells answer in frames (results.frame); Scala cells, and whatever else ran in a
session, in Livy's own form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from emr_nb.engines.livy.bundle import output_of, without_warnings
from emr_nb.engines.livy.code import came_again, came_refused, runner_missing
from emr_nb.engines.livy.failures import statement_error
from emr_nb.engines.tables import table_output
from emr_nb.errors import StatementError
from emr_nb.model import Event, Log, Output, StatementReference
from emr_nb.results.assemble import assemble
from emr_nb.results.frame import (
    Failure,
    Mime,
    Part,
    Reading,
    SessionFacts,
    TablePart,
    Text,
    ValuePart,
    Written,
    reading,
    reading_failure,
)
from emr_nb.results.result import Result


@dataclass
class Payload:
    """The answer of one statement: what to show, then the table and the values it brings."""

    events: list[Event] = field(default_factory=list)
    result: Result | None = None
    values: dict[str, Any] = field(default_factory=dict)
    failure: StatementError | None = None
    facts: SessionFacts | None = None
    written: Written | None = None


def lacks_runner(output: Mapping[str, Any]) -> bool:
    """Tell whether the statement could not begin, for want of our runner in the session."""
    return output.get("status") == "error" and runner_missing(
        str(output.get("ename") or ""), str(output.get("evalue") or "")
    )


def ran_before(output: Mapping[str, Any], tag: str) -> bool:
    """Tell whether a statement only found that another one of its tag had begun already."""
    told = str(output.get("ename") or ""), str(output.get("evalue") or "")
    return output.get("status") == "error" and came_again(*told, tag)


def was_refused(output: Mapping[str, Any], tag: str) -> bool:
    """Tell whether a statement arrived only after it had been given up."""
    told = str(output.get("ename") or ""), str(output.get("evalue") or "")
    return output.get("status") == "error" and came_refused(*told, tag)


def reading_of(output: Mapping[str, Any], tag: str) -> Reading | None:
    """Return how to read the parts of an answer, chunks asked for; None for Livy's own form."""
    text = text_of(output)
    if f"<emr_nb {tag} " not in text:
        return None
    return reading(text, tag) if output.get("status") == "ok" else reading_failure(text, tag)


def read_payload(
    output: Mapping[str, Any],
    parts: list[Part] | None,
    reference: StatementReference,
    language: str,
    where: str,
    code: str = "",
) -> Payload:
    """Put an answer together; raises ResultError where its counts or types disagree."""
    if parts is None and output.get("status") == "ok":
        return Payload(_livys_own(output.get("data") or {}, language))
    payload = _collected(parts or [], reference)
    if output.get("status") == "ok":
        return payload
    told = next((part for part in parts or () if isinstance(part, Failure)), None)
    failure = told or Failure(
        str(output.get("ename") or "Error"),
        str(output.get("evalue") or ""),
        tuple(str(line) for line in output.get("traceback") or ()),
        None,
    )
    payload.failure = statement_error(
        failure.ename,
        failure.evalue,
        failure.traceback,
        language,
        where,
        line=failure.line,
        code=code,
    )
    return payload


def _livys_own(data: Mapping[str, Any], language: str) -> list[Event]:
    """Return what Livy's own form shows; a Scala compiler's warnings are told apart."""
    warned: tuple[str, ...] = ()
    if language == "scala" and isinstance(text := data.get("text/plain"), str):
        text, warned = without_warnings(text)
        data = {**data, "text/plain": text}
    shown = output_of(data)
    warning: list[Event] = [Log(warned, "stderr")] if warned else []
    return [*warning, shown] if shown else warning


def text_of(output: Mapping[str, Any]) -> str:
    """Return the text of an answer, where frames are."""
    if output.get("status") == "ok":
        return str((output.get("data") or {}).get("text/plain") or "")
    return str(output.get("evalue") or "")


def _collected(parts: list[Part], reference: StatementReference) -> Payload:
    """Tell parts to show from the one table that the cell brings: `-o`'s, else the last."""
    payload = Payload()
    results = [part for part in parts if isinstance(part, TablePart) and part.is_result]
    chosen = next((part for part in reversed(results) if part.output), None) or (
        results[-1] if results else None
    )
    for part in parts:
        match part:
            case TablePart():
                table = assemble(part.header, part.payload, reference, part.spooled)
                if part is chosen:
                    payload.result = table
                else:
                    payload.events.append(table_output(table))
            case ValuePart(output, value):
                payload.values[output] = value
            case Written():
                payload.written = part
            case SessionFacts():
                payload.facts = part
            case _:
                payload.events.extend(_events(part))
    return payload


def _events(part: Part) -> Iterator[Event]:
    match part:
        case Text(text, stream) if text.strip("\n"):
            yield Log(tuple(text.removesuffix("\n").split("\n")), stream)
        case Mime(data, metadata):
            yield Output(data, metadata)
