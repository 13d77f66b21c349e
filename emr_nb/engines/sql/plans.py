"""EXPLAIN in each dialect, and its answer as a tree: from JSON, else from what is printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emr_nb.engines.sql.plan_texts import Node, analyzed, of_spark, outline

_PLAIN = {
    "hive": ("EXPLAIN ", "EXPLAIN ANALYZE "),
    "spark": ("EXPLAIN FORMATTED ", ""),
    "trino": ("EXPLAIN (FORMAT JSON) ", "EXPLAIN ANALYZE "),
    "presto": ("EXPLAIN (FORMAT JSON) ", "EXPLAIN ANALYZE "),
    "duckdb": ("EXPLAIN (FORMAT JSON) ", "EXPLAIN (ANALYZE, FORMAT JSON) "),
}
_NAMES = ("name", "operator_name", "operator_type")
_DETAILS = ("descriptor", "details", "extra_info")
_MOST = 200  # characters of one detail in a line of text
# what a line of text leaves out; the page has it folded away
_ASIDE = (
    "outputColumnNames", "columnExprMap", "compressed", "mode", "sort order", "isTempTable",
    "table: input format", "Map-reduce partition columns", "value expressions", "limit: -1",
    "Layout", "Estimates", "Input avg.", "Left (probe)", "Right (build)", "Distribution",
    "dynamicFilter", "Dynamic filter", "df_", "Output layout", "Output partitioning",
    "Collisions avg.", "isReplicateNullsAndAny", "hashColumn: []", "hash: []",
    "Output [", "Input [", "Arguments: isFinalPlan", "Batched", "ReadSchema", "Results [",
    "Aggregate Attributes", "Join condition: None",
)  # fmt: skip
_HIVE_ROWS = re.compile(r"Statistics: Num rows: (\d+)(?:/(\d+))?.*")
_TOOK = re.compile(r"CPU: ([^,]+), .*Output: (\S+) rows? (\([^)]*\))")


def explain(code: str, dialect: str, *, analyze: bool = False) -> str:
    """Return the statement that explains a query; empty where the dialect cannot."""
    plain, analyzed_ = _PLAIN.get(dialect, ("EXPLAIN ", "EXPLAIN ANALYZE "))
    prefix = analyzed_ if analyze else plain
    return f"{prefix}{code}" if prefix else ""


def plan_of(rows: Sequence[Sequence[Any]]) -> tuple[list[Node], str]:
    """Return the plan that EXPLAIN answered as trees, and as the engine printed it."""
    texts = [str(row[-1]) for row in rows if row and row[-1] is not None]
    whole = "\n".join(texts)
    for text in texts:
        try:
            found = json.loads(text)
        except ValueError:
            continue
        if isinstance(found, (dict, list)):
            return list(_of_json(found)), text
    if re.search(r"^Fragment \S+ \[", whole, re.MULTILINE):
        return analyzed(whole), whole
    if whole.startswith("== "):
        return of_spark(whole), whole
    return outline(whole.splitlines()), whole


def plan_text(rows: Sequence[Sequence[Any]]) -> str:
    """Return the plan that EXPLAIN answered as a tree of lines."""
    nodes, whole = plan_of(rows)
    return "\n".join(line for node in nodes for line in tree(node)) or whole


def tree(node: Node, indent: str = "") -> Iterator[str]:
    """Yield the lines of a plan: an operator a line, what it reads below it."""
    yield " · ".join([f"{indent}{node.name}", *(cut(d) for d in told(node))])
    for child in node.children:
        yield from tree(child, indent + "  ")


def told(node: Node) -> list[str]:
    """Return the facts of an operator that tell most."""
    facts = [_rows(detail) for detail in node.details]
    return [fact for fact in facts if not fact.startswith(_ASIDE) and not fact.endswith(": ")]


def cut(text: str) -> str:
    """Return a fact short enough for a line."""
    text = " ".join(text.split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 1]}…"


# -- inside -------------------------------------------------------------------------------


def _rows(detail: str) -> str:
    """Return statistics in words: what Hive expected, and what came where it ran."""
    if took := _TOOK.fullmatch(detail):
        return f"{int(took[2]):,} rows {took[3]} · CPU {took[1]}" if took[2].isdigit() else detail
    found = _HIVE_ROWS.fullmatch(detail)
    if found is None:
        return detail
    expected = int(found[1])
    if found[2]:
        return f"{_counted(int(found[2]))}, {expected:,} expected"
    return f"≈ {_counted(expected)}"


def _counted(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


def _of_json(plan: Any) -> Iterator[Node]:
    if isinstance(plan, list):
        for part in plan:
            yield from _of_json(part)
        return
    name = next((str(plan[key]) for key in _NAMES if plan.get(key)), "")
    if name:
        below = tuple(_of_json(plan.get("children") or []))
        yield Node(name, tuple(_details(plan)), below)
        return
    # Trino has a plan for each of its fragments, by number
    for key, part in plan.items():
        if isinstance(part, (dict, list)):
            nodes = tuple(_of_json(part))
            if str(key).isdigit():
                yield Node(f"Fragment {key}", (), nodes)
            else:
                yield from nodes


def _details(plan: Mapping[str, Any]) -> Iterator[str]:
    rows = next((plan[k] for k in ("operator_cardinality", "outputRowCount") if k in plan), None)
    if rows is not None:
        yield f"{rows} rows"
    for key in _DETAILS:
        found = plan.get(key)
        if isinstance(found, Mapping):
            yield from (f"{name}: {_written(value)}" for name, value in found.items() if value)
        elif isinstance(found, list):
            yield from (" ".join(str(item).split()) for item in found if item)
    for estimate in plan.get("estimates") or ():
        count = estimate.get("outputRowCount") if isinstance(estimate, Mapping) else None
        if isinstance(count, (int, float)) and count == count:
            yield f"≈ {_counted(round(count))}"
            break


def _written(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    return " ".join(str(value).split())
