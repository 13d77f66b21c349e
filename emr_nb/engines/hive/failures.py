"""Make a failure of Hive short: the cause first, the cell's own line, the server's stack folded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from emr_nb.errors import StatementError

_PREFIX = re.compile(r"^(?:Error while (?:compiling|processing) statement: )?(?:FAILED: )?")
_CLASS = re.compile(r"^(?:[a-z]\w*\.)*(\w*(?:Exception|Error))\b:?\s*(?:\[Error \d+\]: )?")
_LINE = re.compile(r"\b([Ll]ine )(\d+):(\d+)")
_PERMISSION = re.compile(r"Permission denied: user=\S+ access=\S+ inode=\"[^\"]*\"[^\n]*")
_CAUSE = re.compile(r"^(?:Caused by: |ERROR ?: (?:FAILED: )?)(.+)$")
_RETURN_CODE = "Execution Error, return code"


@dataclass(frozen=True, slots=True)
class Told:
    """What the server told of a failure; `log` are the last lines of the operation."""

    message: str
    sql_state: str = ""
    error_code: int = 0
    info: Sequence[str] = ()
    log: Sequence[str] = ()


def statement_error(told: Told, where: str, *, added: int = 0) -> StatementError:
    """Return the error; `added` are lines that we put before the cell's own."""
    first, _, rest = _PREFIX.sub("", told.message, count=1).partition("\n")
    text = _LINE.sub(lambda m: f"{m[1]}{max(1, int(m[2]) - added)}:{m[3]}", first).strip()
    found = _LINE.search(text)
    line = int(found[2]) if found else None
    name = _CLASS.match(text)
    ename = name[1] if name else "HiveError"
    if denied := _PERMISSION.search(told.message):
        ename, text = "AccessControlException", denied[0]
    cause = _cause(told.log) if text.startswith(_RETURN_CODE) else ""
    folded = [*rest.splitlines(), *told.info]
    return StatementError(
        (f"{text}\n{cause}" if cause else text) or "Hive tells no reason",
        ename=ename,
        evalue=text[name.end() :] if name and text.startswith(name[0]) else text,
        traceback=tuple(line for line in (cause,) if line),
        line=line,
        column=int(found[3]) + 1 if found else None,  # Hive counts them from 0
        folded=tuple(folded),
        where=where,
        advice=_advice(text),
    )


def _cause(log: Sequence[str]) -> str:
    """Return the log's own word on why a job failed: its message has a number alone."""
    causes = [found[1] for entry in log for text in entry.splitlines()
              if (found := _CAUSE.match(text.strip()))]  # fmt: skip
    told = [cause for cause in causes if _RETURN_CODE not in cause]
    return told[-1][:1000] if told else ""


def _advice(text: str) -> str:
    if "AccessControl" in text or "Permission denied" in text:
        return "HDFS judges by the user of this attach (`%emr status`), who may not do that."
    if "UnsupportedOperationException" in text:  # it is there, and told that it cannot
        return "Hive's metastore cannot compare partitions with such a value: write it otherwise."
    if "Unable to instantiate" in text or "MetaException" in text or "TTransport" in text:
        return "The Hive metastore may be down: `%emr logs` and `%emr doctor` look at it."
    if "restricted" in text or "can't be modified at runtime" in text:
        return "The server's configuration keeps this setting from sessions."
    return ""
