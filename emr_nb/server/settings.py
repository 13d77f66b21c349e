"""The settings that JupyterLab's page keeps: checked, written, and in force at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from emr_nb.errors import SettingsError, UsageError
from emr_nb.redaction import redacted
from emr_nb.server.models.settings import SettingsView
from emr_nb.settings_file import KINDS, LONGEST, Value, fits, overriding

if TYPE_CHECKING:
    from emr_nb.server.models.common import Nothing
    from emr_nb.server.models.settings import SettingsKept
    from emr_nb.server.state import ServerState

_SHAPES: Mapping[str, tuple[str, str]] = {
    "region": (r"[a-z0-9-]{0,64}", "A region is written as eu-west-1."),
    "role": (r"(?:arn:[\w-]+:iam::\d{12}:role/\S+)?", "A role is named by its ARN."),
    "spool": (r"(?:s3://[^/\s]+(?:/\S*)?)?", "Write it as s3://bucket/prefix."),
}


def told(state: ServerState, asked: Nothing) -> SettingsView:
    """Tell what is kept and what overrides it."""
    del asked
    return _view(state)


def kept(state: ServerState, asked: SettingsKept) -> SettingsView:
    """Keep settings, for every kernel and this server; raises UsageError, SettingsError."""
    for name, value in asked.values.items():
        if value is not None:
            _check(name, value)
        elif name not in KINDS:
            raise _unknown(name)
    with state.settings_lock:
        file = state.settings_file
        values = file.read()
        for name, value in asked.values.items():
            if value is None or value == "":
                values.pop(name, None)
            else:
                values[name] = value
        try:
            file.write(values)
        except OSError as error:
            raise SettingsError(
                f"The settings cannot be kept: {error.strerror}", where=str(file.path)
            ) from error
        state.read_settings()
    return _view(state)


def _view(state: ServerState) -> SettingsView:
    above = {name: overriding(name) for name in KINDS}
    above |= {name: f"c.EmrNb.{name}" for name in KINDS if state.is_set(name)}
    return SettingsView(
        values=dict(state.settings_file.read()),
        overridden={name: by for name, by in above.items() if by},
    )


def _check(name: str, value: Value) -> None:
    kind = KINDS.get(name)
    if kind is None:
        raise _unknown(name)
    if not fits(name, value):
        wanted = {str: f"a text of at most {LONGEST} characters", bool: "true or false"}
        raise UsageError(
            f"The setting {name} is no such value", where=name,
            advice=f"It is {wanted.get(kind, 'a number that is not below zero')}.",
        )  # fmt: skip
    if isinstance(value, str):
        pattern, advice = _SHAPES.get(name, (r"[^\x00-\x1f\x7f]*", "It is one line of text."))
        if not re.fullmatch(pattern, value):
            raise UsageError(f"The setting {name} is no such value", where=name, advice=advice)
        if redacted(value) != value:
            raise UsageError(
                f"The setting {name} looks like a secret", where=name,
                advice="Credentials stay with the AWS profile that is named here.",
            )  # fmt: skip


def _unknown(name: str) -> UsageError:
    return UsageError("There is no such setting", where=name[:80], advice=", ".join(KINDS))
