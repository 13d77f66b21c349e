"""One side of the bench: an IPython shell that is told cells on stdin and answers with times.

Run by the side's own Python, so it imports nothing of either side before it is told to.
Requests and replies are JSON lines; what the cells print goes to stderr.
"""

from __future__ import annotations

import base64
import contextlib
import io
import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    channel = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    for line in sys.stdin:
        asked = json.loads(line)
        answer = {"run": run, "frame": frame, "values": values, "bare": bare}[asked.pop("do")](
            shell, **asked
        )
        channel.write(json.dumps(answer) + "\n")
        channel.flush()


def run(shell, cell: str, livy: str = "", session: int = -1, after: int = -1) -> dict:
    """Run a cell; with a Livy URL, say also what Livy itself knows of its statements."""
    before = begin_peak()
    start = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        outcome = shell.run_cell(cell)
    seconds, seen = time.perf_counter() - start, time.time()
    text = printed.getvalue()
    sys.stderr.write(text)
    answer = {"seconds": seconds, "success": bool(outcome.success), "rss_grown": peak() - before}
    answer["text"] = text[-2000:]
    error = outcome.error_before_exec or outcome.error_in_exec
    answer["error"] = f"{type(error).__name__}: {error}"[:300] if error else ""
    if livy:
        statements = told(livy, session, after)
        answer["last"] = max((s["id"] for s in statements), default=after)
        answer["driver"] = sum(s["completed"] - s["started"] for s in statements) / 1000
        if statements:
            answer["latency"] = seen - statements[-1]["completed"] / 1000
            answer["ran"] = (statements[-1]["completed"] - statements[-1]["started"]) / 1000
    return answer


def told(livy: str, session: int, after: int) -> list[dict]:
    """Return the statements after that id, one by one until Livy knows no more."""
    found = []
    while True:
        url = f"{livy}/sessions/{session}/statements/{after + 1 + len(found)}"
        try:
            with urllib.request.urlopen(url, timeout=60) as reply:
                found.append(json.load(reply))
        except urllib.error.HTTPError:
            return found


def frame(shell, name: str) -> dict:
    """Describe a DataFrame of the user namespace: shape, dtypes and exact text of its cells."""
    found = shell.user_ns.get(name)
    if found is None:
        return {"missing": True}
    head = found.sort_values(found.columns[0]).head(50) if len(found.columns) else found
    return {
        "missing": False,
        "rows": len(found),
        "dtypes": {str(k): str(v) for k, v in found.dtypes.items()},
        "cells": {str(c): [repr_cell(v) for v in head[c]] for c in head.columns},
    }


def repr_cell(value: object) -> str:
    return "null" if str(value) in ("None", "nan", "<NA>", "NaT") else str(value)


def values(shell, name: str) -> dict:
    """Tell the values of a DataFrame's first column: type, text, and JSON of nested ones."""
    found = shell.user_ns.get(name)
    if found is None or not len(found.columns):
        return {"values": None}
    column = found.iloc[:, 0]
    return {"values": [[type(v).__name__, str(v), spelled(v)] for v in column]}


def spelled(value: object) -> str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return json.dumps(value, default=str) if isinstance(value, (dict, list)) else str(value)


def bare(shell) -> dict:
    """Answer at once: the shell is up."""
    return {"rss": peak()}


def begin_peak() -> int:
    """Let the peak begin anew at what this process holds now; return that, in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return memory("VmRSS")


def peak() -> int:
    """Return this process's peak memory in bytes since it began anew."""
    return memory("VmHWM")


def memory(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
