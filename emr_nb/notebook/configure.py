"""`%%configure`: the options of the next session, in the JSON that sparkmagic's users know."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from emr_nb.errors import UsageError
from emr_nb.notebook.answers import Facts, Text
from emr_nb.notebook.options import Option, Parser, nearest

if TYPE_CHECKING:
    from emr_nb.notebook.state import Notebook

WHERE = "%%configure"
FORCE = Option("force", ("-f", "--force"), "Restart the session that is open", "flag")
_OURS = {
    "name": "the session's name is how this notebook finds it again; -s NAME uses another",
    "kind": "a session takes Python, Scala and SQL; -l chooses in a cell",
    "proxyUser": "%emr attach --user says who you are",
}


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0


def _texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _plain(value: object) -> bool:
    return isinstance(value, (str, int, float, bool))


def _conf(value: object) -> bool:
    return isinstance(value, Mapping) and all(_plain(item) for item in value.values())


# fields of Livy's POST /sessions (CreateInteractiveRequest of 0.7.1 to 0.9)
_KEYS: dict[str, tuple[Callable[[object], bool], str]] = {
    "driverMemory": (_text, 'a size, like "2g"'),
    "executorMemory": (_text, 'a size, like "4g"'),
    "driverCores": (_number, "a whole number"),
    "executorCores": (_number, "a whole number"),
    "numExecutors": (_number, "a whole number"),
    "queue": (_text, "the name of a YARN queue"),
    "conf": (_conf, 'an object, like {"spark.sql.shuffle.partitions": 20}'),
    "jars": (_texts, "a list of paths"),
    "pyFiles": (_texts, "a list of paths"),
    "files": (_texts, "a list of paths"),
    "archives": (_texts, "a list of paths"),
    "heartbeatTimeoutInSecond": (_number, "a whole number"),
    "ttl": (_text, 'a time, like "8h"'),
    "idleTimeout": (_text, 'a time, like "2h"'),
}


def run_configure(notebook: Notebook, line: str, cell: str) -> Facts | Text:
    """Run the cell magic."""
    given = Parser(WHERE, "Set options of the next session.", (FORCE,)).parse(line)
    if not cell.strip():
        raise UsageError(
            "The cell is empty", where=WHERE, advice='Write {"driverMemory": "2g"} below it.'
        )
    return configure(notebook, cell, force=given["force"])


def configure(notebook: Notebook, text: str, *, force: bool) -> Facts | Text:
    """Set the options from JSON text, or show them where there is none.

    Raises UsageError, also where a session is open and `force` is not given.
    """
    if not text.strip():
        return _shown(notebook)
    options = parse(text)
    made = notebook.attachment() if notebook.attached else None
    there = made is not None and (made.sessions.is_open() or made.sessions.found is not None)
    if there and not force:
        assert made is not None
        raise UsageError(
            f"Session {made.sessions.name} is there already; options hold for the next one",
            where=WHERE,
            advice="-f ends it with its variables and starts one with these options.",
        )
    notebook.configured = options
    if there and made is not None:
        from emr_nb.notebook.commands.running import fresh_session

        session = fresh_session(notebook, made)
        return Text(f"Session {session.info.name} has these options: {_words(options)}")
    return Text(f"The next session has these options: {_words(options)}")


def parse(text: str) -> dict[str, object]:
    """Read and check the JSON of session options; raises UsageError."""
    try:
        given = json.loads(text)
    except ValueError as error:
        raise UsageError(
            f"The options are no JSON: {error}",
            where=WHERE,
            advice='Write them like {"driverMemory": "2g", "conf": {"spark.x": "1"}}.',
        ) from error
    if not isinstance(given, dict):
        raise UsageError(
            "The options must be a JSON object", where=WHERE, advice='Like {"driverMemory": "2g"}.'
        )
    for key, value in given.items():
        _check(key, value)
    return given


def _check(key: str, value: object) -> None:
    if key in _OURS:
        raise UsageError(f"{key} cannot be set here", where=WHERE, advice=f"{_OURS[key]}.")
    if key.startswith("spark."):
        kind: tuple[Callable[[object], bool], str] = (_plain, "a text, number or truth value")
    elif key in _KEYS:
        kind = _KEYS[key]
    else:
        near = nearest(key, tuple(_KEYS))
        meant = f"Did you mean {near}? " if near else ""
        raise UsageError(
            f"A session has no option {key!r}",
            where=WHERE,
            advice=f"{meant}There are {', '.join(_KEYS)}, and Spark's own (spark.…).",
        )
    if not kind[0](value):
        raise UsageError(f"{key} takes {kind[1]}, not {json.dumps(value)}", where=WHERE)


def _shown(notebook: Notebook) -> Facts | Text:
    conf = notebook.session_settings.session_conf
    if not conf:
        return Text("The next session has the cluster's own options.")
    return Facts([(key, json.dumps(value, default=str)) for key, value in conf.items()])


def _words(options: Mapping[str, object]) -> str:
    return ", ".join(f"{k}={json.dumps(v)}" for k, v in options.items()) or "none of its own"
