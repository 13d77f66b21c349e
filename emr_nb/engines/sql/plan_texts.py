"""Plans that engines print as text, read as trees: Hive's, Spark's, and Trino's with figures."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_MARKS = re.compile(r"^[ │├└─:|+\-*]*")
_FRAGMENT = re.compile(r"^Fragment \S+")
_OPERATOR = re.compile(r"^(\w+)(?:\[(.*)\])?$")
_NUMBERED = re.compile(r"^\((\d+)\) ")
_NUMBER = re.compile(r"\((\d+)\)\s*$")


@dataclass(frozen=True, slots=True)
class Node:
    """An operator of a plan, or what holds some: its facts, and what it reads."""

    name: str
    details: tuple[str, ...] = ()
    children: tuple[Node, ...] = ()


@dataclass
class _Growing:
    """A node whose lines are still coming."""

    name: str
    details: list[str] = field(default_factory=list)
    children: list[_Growing] = field(default_factory=list)

    def done(self) -> Node:
        return Node(self.name, tuple(self.details), tuple(c.done() for c in self.children))


def outline(lines: Sequence[str]) -> list[Node]:
    """Read an indented text: what has lines below it is a node, the rest are its facts.

    So Hive prints plans, whatever the engine of execution.
    """
    top = _Growing("")
    stack: list[tuple[int, _Growing]] = [(-1, top)]
    for line in lines:
        if not line.strip():
            continue
        depth = len(line) - len(line.lstrip())
        while stack[-1][0] >= depth:
            stack.pop()
        node = _Growing(line.strip())
        stack[-1][1].children.append(node)
        stack.append((depth, node))
    return [_folded(node) for node in top.children]


def _folded(grown: _Growing) -> Node:
    """Turn leaves into facts, and what has a colon and facts alone into one fact."""
    if grown.name.endswith(":") and not any(child.children for child in grown.children):
        return Node(grown.name.removesuffix(":"), tuple(child.name for child in grown.children))
    details, children = [], []
    for child in grown.children:
        node = _folded(child)
        leaf = not node.children and not node.details
        if leaf and ":" in child.name:
            details.append(child.name)
        elif child.name.endswith(":") and not node.children:
            details.append(f"{child.name} {', '.join(node.details)}")
        else:
            children.append(node)
    return Node(grown.name.removesuffix(":"), tuple(details), tuple(children))


def analyzed(text: str) -> list[Node]:
    """Read what EXPLAIN ANALYZE of Trino and Presto prints; the head's lines are facts."""
    head = _Growing("Query")
    fragments: list[_Growing] = []
    stack: list[tuple[int, _Growing]] = []
    for line in text.splitlines():
        if not line.strip(" │"):
            continue
        if _FRAGMENT.match(line):
            fragments.append(_Growing(line.strip()))
            stack = [(0, fragments[-1])]
            continue
        at = _MARKS.match(line)
        depth = at.end() if at else 0
        words, marked = line[depth:].strip(), "─" in line[:depth]
        if not stack:
            head.details.append(words)
        elif marked or (len(stack) == 1 and _OPERATOR.match(words)):
            while stack[-1][0] >= depth:
                stack.pop()
            node = _operator(words)
            stack[-1][1].children.append(node)
            stack.append((depth, node))
        else:
            stack[-1][1].details.append(words)
    return [node.done() for node in ([head] if head.details else []) + fragments]


def _operator(words: str) -> _Growing:
    found = _OPERATOR.match(words)
    if found is None:
        return _Growing(words)
    return _Growing(found[1], [found[2]] if found[2] else [])


def of_spark(text: str) -> list[Node]:
    """Read EXPLAIN FORMATTED of Spark: a tree of numbered operators, then the facts of each."""
    lines = text.splitlines()
    facts = dict(_facts(lines))
    top: list[_Growing] = []
    stack: list[tuple[int, _Growing]] = []
    for line in lines:
        if _NUMBERED.match(line):
            break
        if not line.strip() or line.startswith("=="):
            continue
        at = _MARKS.match(line)
        depth = at.end() if at else 0
        number = _NUMBER.search(line)
        node = _Growing(_NUMBER.sub("", line[depth:]).strip())
        node.details += facts.get(number[1], []) if number else []
        while stack and stack[-1][0] >= depth:
            stack.pop()
        (stack[-1][1].children if stack else top).append(node)
        stack.append((depth, node))
    return [node.done() for node in top]


def _facts(lines: Sequence[str]) -> Iterator[tuple[str, list[str]]]:
    """Yield the numbers of Spark's operators with the lines that follow each."""
    number, found = "", list[str]()
    for line in [*lines, "(0) "]:
        head = _NUMBERED.match(line)
        if head:
            if number:
                yield number, found
            number, found = head[1], []
        elif line.strip() and number:
            found.append(line.strip())
