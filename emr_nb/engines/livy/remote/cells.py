"""Compile a cell as a REPL does: statements, a last expression, and lines of Livy's magics."""

from __future__ import annotations

import ast
import linecache
import re

_MAGIC = re.compile(r"^%(\w+)[ \t]*(.*?)[ \t\r]*$")
_MARK = "__emr_nb_magic__"


class Step:
    """One piece of a cell: `exec` or `eval` of a code object, or a `magic` (name, argument)."""

    def __init__(self, kind, body, line):
        self.kind = kind
        self.body = body
        self.line = line


def compile_cell(source, filename):
    """Return the steps of a cell; raises SyntaxError with the cell's own lines."""
    remember(source, filename)
    tree, magics = _parse(source, filename)
    steps, block = [], []
    quiet = source.rstrip().endswith(";")
    last = len(tree.body) - 1
    # what `from __future__` changes holds for what is compiled with it
    stepwise = not any(getattr(node, "module", None) == "__future__" for node in tree.body)
    for at, node in enumerate(tree.body):
        called = _magic_line(node, magics)
        if called is None and not (at == last and isinstance(node, ast.Expr) and not quiet):
            block.append(node)
            if stepwise and isinstance(node, (ast.Import, ast.ImportFrom)):
                _close(block, steps, filename)  # between two steps the runner follows pyplot
            continue
        _close(block, steps, filename)
        if called is not None:
            steps.append(Step("magic", called, node.lineno))
        else:
            code = compile(ast.Expression(node.value), filename, "eval", 0, True)
            steps.append(Step("eval", code, node.lineno))
    _close(block, steps, filename)
    return steps


def _close(block, steps, filename):
    if block:
        module = ast.Module(body=list(block))
        module.type_ignores = []  # a field since Python 3.8
        steps.append(Step("exec", compile(module, filename, "exec", 0, True), block[0].lineno))
        block[:] = []


def _parse(source, filename):
    try:
        return compile(source, filename, "exec", ast.PyCF_ONLY_AST, True), {}
    except SyntaxError:
        # only now: a text in quotes may well have lines that begin with %
        lines, magics = source.split("\n"), {}
        for at, line in enumerate(lines):
            match = _MAGIC.match(line)
            if match:
                magics[at + 1] = match.groups()
                lines[at] = _MARK
        if not magics:
            raise
    return compile("\n".join(lines), filename, "exec", ast.PyCF_ONLY_AST, True), magics


def _magic_line(node, magics):
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Name) and node.value.id == _MARK:
        return magics.get(node.lineno)
    return None


def remember(source, filename):
    """Let tracebacks show the cell's lines."""
    lines = [line + "\n" for line in source.split("\n")]
    linecache.cache[filename] = (len(source), None, lines, filename)
