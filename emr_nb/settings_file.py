"""Settings that a user made on JupyterLab's settings page: one file, which every kernel reads.

`settings.json` in our data folder, written by the server part and readable by its user alone.
What is no setting of `KINDS`, or of another kind, is not read; a secret has no place there.
What the environment says stands above the file.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

Value = str | int | float | bool

FILE = "settings.json"
LONGEST = 1024  # characters of a text
KINDS: Mapping[str, type[Value]] = {
    "cluster": str,
    "profile": str,
    "region": str,
    "role": str,
    "user": str,
    "spool": str,
    "saved_rows": int,
    "shown_rows": int,
    "keep_alive": float,
    "session_start_timeout": float,
    "requester_pays": bool,
}
# credentials of the environment are a choice that a profile of the file must not undo
ENVIRONMENT: Mapping[str, tuple[str, ...]] = {
    "cluster": ("EMR_NB_CLUSTER",),
    "profile": ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"),
    "region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "user": ("JUPYTERHUB_USER",),
}


def overriding(name: str) -> str:
    """Return the variable of the environment that stands above the file; empty where none does."""
    return next((v for v in ENVIRONMENT.get(name, ()) if os.environ.get(v)), "")


def fits(name: str, value: object) -> bool:
    """Tell whether a value is of its setting's kind: numbers are not below zero, texts not long."""
    kind = KINDS.get(name)
    if kind is None or (isinstance(value, bool) and kind is not bool):
        return False
    if kind is float:
        return isinstance(value, int | float) and 0 <= value < float("inf")
    if kind is int:
        return isinstance(value, int) and 0 <= value < 2**53
    return isinstance(value, kind) and (not isinstance(value, str) or len(value) <= LONGEST)


class SettingsFile:
    """The file in one folder; what was read stands until the file is another."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._seen: tuple[int, int] | None = None
        self._values: dict[str, Value] = {}

    def read(self) -> dict[str, Value]:
        """Return what is kept; nothing where there is no file, or none that can be read."""
        try:
            told = self.path.stat()
            seen = (told.st_mtime_ns, told.st_size)
            if seen != self._seen:
                self._values = _parsed(self.path.read_bytes())
                self._seen = seen
        except OSError:
            self._seen, self._values = None, {}
        return dict(self._values)

    def applied(self) -> dict[str, Value]:
        """Return what is kept and not overridden by the environment."""
        return {name: value for name, value in self.read().items() if not overriding(name)}

    def write(self, values: Mapping[str, Value]) -> None:
        """Keep these and no others; whole or not at all. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number, made = tempfile.mkstemp(dir=self.path.parent, prefix=f".{FILE}.")  # as 0600
        try:
            with os.fdopen(number, "w", encoding="utf-8") as out:
                json.dump(dict(sorted(values.items())), out, indent=1)
            Path(made).replace(self.path)
        except BaseException:
            Path(made).unlink(missing_ok=True)
            raise
        self._seen = None


def _parsed(text: bytes) -> dict[str, Value]:
    try:
        found = json.loads(text)
    except ValueError:  # a hand has edited it
        return {}
    values = found.items() if isinstance(found, dict) else ()
    return {name: value for name, value in values if fits(name, value)}
