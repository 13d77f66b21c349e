"""The statements that are sent to a Livy session, as text; pure.

Every statement's first line is a comment with its tag. What the user wrote travels as base64
data, never spliced into code. The code that runs there (`remote/`) is installed once in each
interpreter, as a package named after its content, so that two versions of us can share a
session; a statement for an interpreter that lacks it fails before it runs anything.
"""

from __future__ import annotations

import base64
import hashlib
import json
import zlib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from emr_nb.model import Request
from emr_nb.results.plan import INLINE_BYTES, TransferPlan

# in the order of their imports
_PARTS = (
    "frames",
    "store",
    "output",
    "arrow",
    "rows",
    "wire",
    "targets",
    "spool",
    "tables",
    "facts",
    "local_frames",
    "display",
    "cells",
    "failures",
    "watch",
    "receive",
    "disk",
    "hadoop",
    "questions",
    "runner",
)

_INSTALL = """
def install(name, parts):
    import sys, types
    made = []
    def module(full, package):
        new = types.ModuleType(full)
        new.__package__ = package
        sys.modules[full] = new
        made.append(full)
        return new
    try:
        top = module(name, name)
        top.__path__ = []
        for part, source in parts:
            new = module(name + "." + part, name)
            exec(compile(source, "<emr_nb>/" + part, "exec", 0, True), new.__dict__)
            setattr(top, part, new)
        for api in ("run", "refuse", "chunk", "release", "remove", "piece"):
            setattr(top, api, getattr(top.runner, api))
    except BaseException:
        for full in made:
            sys.modules.pop(full, None)
        raise
import sys
if NAME not in sys.modules:
    install(NAME, PARTS)
"""


@cache
def _sources() -> tuple[tuple[str, str], ...]:
    folder = resources.files("emr_nb.engines.livy") / "remote"
    return tuple((part, (folder / f"{part}.py").read_text("utf-8")) for part in _PARTS)


@cache
def module_name() -> str:
    """Return the package's name in the session: it changes with the content."""
    digest = hashlib.sha256(json.dumps([_INSTALL, _sources()]).encode()).hexdigest()
    return f"_emr_nb_{digest[:12]}"


def _tagged(tag: str, *lines: str) -> str:
    return "\n".join((f"# emr_nb:{tag}", *lines))


@cache
def _installer() -> str:
    source = f"NAME, PARTS = {module_name()!r}, {_sources()!r}\n{_INSTALL}"
    packed = base64.b64encode(zlib.compress(source.encode(), 9)).decode()
    # exec in a namespace of its own: the user's gets no name of ours
    return (
        "exec(__import__('zlib').decompress(__import__('base64').b64decode("
        f"'{packed}')).decode('utf-8'), {{'__name__': '_emr_nb'}})"
    )


def install_code(tag: str) -> str:
    """Return the statement that installs the runner; quiet and cheap where it is already."""
    return _tagged(tag, _installer())


def cell_code(
    request: Request, plan: TransferPlan, *, cancel_path: str | None = None, install: bool
) -> str:
    """Return the statement that runs a Python or SQL cell, installing the runner first if asked.

    `cancel_path` is a Hadoop path; when a file appears there the cell is interrupted.
    """
    kind = "sql" if request.language == "sql" else "python"
    return _run(request, plan, kind, request.code, request.output, cancel_path, install)


def collect_view_code(
    request: Request,
    plan: TransferPlan,
    view: str,
    *,
    cancel_path: str | None = None,
    install: bool,
) -> str:
    """Return the Python statement that collects a temporary view that a Scala cell made."""
    return _run(request, plan, "view", view, request.output, cancel_path, install)


def _run(
    request: Request,
    plan: TransferPlan,
    kind: str,
    code: str,
    output: str | None,
    cancel_path: str | None,
    install: bool,
) -> str:
    asked: dict[str, Any] = {
        "tag": request.tag,
        "kind": kind,
        "code": code,
        "output": output,
        "limit": plan.limit,
        "shown": request.shown,
        "carrier": plan.carrier.value,
        "target": _target(request),
        "chunk_bytes": plan.chunk_bytes,
        "spool": _place(plan),
        "cancel_path": cancel_path,
        "database": request.database,
        "settings": dict(request.settings),
        "inputs": request.inputs,
    }
    packed = base64.b64encode(json.dumps(asked).encode()).decode()
    call = f"__import__('{module_name()}').run('{packed}', globals())"
    return _tagged(request.tag, *((_installer(), call) if install else (call,)))


def question_code(
    tag: str, question: Mapping[str, Any], *, cancel_path: str | None = None, install: bool
) -> str:
    """Return the statement that answers a question of a store, which is data like all else."""
    asked = {
        "tag": tag,
        "kind": "question",
        "question": question,
        "chunk_bytes": INLINE_BYTES,
        "cancel_path": cancel_path,
    }
    packed = base64.b64encode(json.dumps(asked).encode()).decode()
    call = f"__import__('{module_name()}').run('{packed}', globals())"
    return _tagged(tag, *((_installer(), call) if install else (call,)))


def _place(plan: TransferPlan) -> dict[str, Any] | None:
    if not plan.spool:
        return None
    return {"path": plan.spool, "small": plan.small_bytes, "parquet": plan.parquet}


def _target(request: Request) -> dict[str, Any] | None:
    if request.target is None:
        return None
    wanted = request.target
    return {"path": str(wanted.path), "format": wanted.format, "overwrite": wanted.overwrite}


def chunk_code(tag: str, seq: int, index: int) -> str:
    """Return the statement that prints chunk `index` of payload `seq` of a statement."""
    return _tagged(tag, f"__import__('{module_name()}').chunk('{tag}', {seq}, {index})")


def piece_code(tag: str, key: str, index: int, piece: bytes) -> str:
    """Return the statement that adds a piece to a file which the driver writes."""
    text = base64.b64encode(piece).decode()
    call = f"__import__('{module_name()}').piece(globals(), '{key}', {index}, '{text}')"
    return _tagged(tag, _installer(), call)


def release_code(tag: str) -> str:
    """Return the statement that forgets the payloads of a statement."""
    return _tagged(tag, f"__import__('{module_name()}').release('{tag}')")


def remove_code(tag: str, path: str) -> str:
    """Return the statement that removes what the engine wrote to a path."""
    packed = base64.b64encode(path.encode()).decode()
    call = f"__import__('{module_name()}').remove('{packed}', globals())"
    return _tagged(tag, _installer(), call)


def refuse_code(tag: str, refused: str) -> str:
    """Return the statement that keeps another one from beginning, should it still arrive."""
    call = f"__import__('{module_name()}').refuse('{refused}')"
    return _tagged(tag, _installer(), call)


def scala_code(request: Request, plan: TransferPlan) -> str:
    """Return a Scala cell: the user's code as it is after the tag and what is to come back."""
    wanted = {"output": request.output, "limit": plan.limit, "shown": request.shown}
    return f"// emr_nb:{request.tag} {json.dumps(wanted)}\n{request.code}"


def scala_view_code(tag: str, expression: str, view: str) -> str:
    """Return the Scala statement that makes a temporary view of a DataFrame in a variable.

    `expression` is a Scala identifier (`-o`, or `resN` of the last expression), checked by
    the caller; a Dataset of any type becomes a DataFrame.
    """
    return f'// emr_nb:{tag}\n{expression}.toDF().createOrReplaceTempView("{view}")'


def scala_drop_code(tag: str, view: str) -> str:
    """Return the Python statement that drops such a view again."""
    return _tagged(
        tag,
        f"__import__('pyspark.sql').sql.SparkSession.builder.getOrCreate()"
        f".catalog.dropTempView('{view}')",
    )


def runner_missing(ename: str, evalue: str) -> bool:
    """Tell whether a statement failed only because the interpreter lacks the runner.

    Nothing of the user's has run then: submitting again with `install=True` is safe.
    """
    return ename in {"ModuleNotFoundError", "ImportError"} and evalue.strip() == (
        f"No module named '{module_name()}'"
    )


def came_again(ename: str, evalue: str, tag: str) -> bool:
    """Tell whether the runner did not run a statement because its tag had begun before."""
    return ename == "AlreadyRan" and evalue.strip() == tag


def came_refused(ename: str, evalue: str, tag: str) -> bool:
    """Tell whether the runner did not run a statement because we had given it up."""
    return ename == "Refused" and evalue.strip() == tag
