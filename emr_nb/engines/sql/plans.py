"""EXPLAIN in each dialect, and its answer as a tree where the engine gives it as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = {
    "hive": ("EXPLAIN ", "EXPLAIN ANALYZE "),
    "spark": ("EXPLAIN FORMATTED ", ""),
    "trino": ("EXPLAIN (FORMAT JSON) ", "EXPLAIN ANALYZE "),
    "presto": ("EXPLAIN (FORMAT JSON) ", "EXPLAIN ANALYZE "),
    "duckdb": ("EXPLAIN (FORMAT JSON) ", "EXPLAIN (ANALYZE, FORMAT JSON) "),
}
_NAMES = ("name", "operator_name", "operator_type")
_DETAILS = ("descriptor", "details", "extra_info")
_MOST = 200  # characters of one detail


def explain(code: str, dialect: str, *, analyze: bool = False) -> str:
    """Return the statement that explains a query; empty where the dialect cannot."""
    plain, analyzed = _PLAIN.get(dialect, ("EXPLAIN ", "EXPLAIN ANALYZE "))
    prefix = analyzed if analyze else plain
    return f"{prefix}{code}" if prefix else ""


def plan_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return the plan that EXPLAIN answered: as a tree, or as the engine printed it."""
    texts = [str(row[-1]) for row in rows if row and row[-1] is not None]
    for text in texts:
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, (dict, list)):
            return "\n".join(tree(found))
    return "\n".join(texts)


def tree(plan: Any, indent: str = "") -> Iterator[str]:
    """Yield the lines of a plan in JSON: an operator a line, what it reads below it."""
    if isinstance(plan, list):
        for part in plan:
            yield from tree(part, indent)
        return
    name = next((str(plan[key]) for key in _NAMES if plan.get(key)), "")
    if not name:  # Trino has a plan for each of its fragments, by number
        parts = [(key, part) for key, part in plan.items() if isinstance(part, (dict, list))]
        for key, part in parts:
            if str(key).isdigit():
                yield f"{indent}Fragment {key}"
                yield from tree(part, indent + "  ")
            else:
                yield from tree(part, indent)
        return
    yield " · ".join([f"{indent}{name}", *_details(plan)])
    yield from tree(plan.get("children") or [], indent + "  ")


def _details(plan: Mapping[str, Any]) -> Iterator[str]:
    rows = next((plan[k] for k in ("operator_cardinality", "outputRowCount") if k in plan), None)
    if rows is not None:
        yield f"{rows} rows"
    for key in _DETAILS:
        found = plan.get(key)
        if isinstance(found, Mapping):
            yield from (f"{name}: {_cut(value)}" for name, value in found.items() if value)
        elif isinstance(found, list):
            yield from (_cut(item) for item in found if item)


def _cut(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(str(item) for item in value)
    text = " ".join(str(value).split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"
