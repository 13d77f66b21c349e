"""A user's own settings for the local cluster: files of `name value` lines, named by variables."""

from __future__ import annotations

import os
from pathlib import Path

from emr_nb.errors import LocalClusterError


def own_text(variable: str) -> str:
    """Return the text of the file that an environment variable names; empty where it is unset.

    Raises LocalClusterError for a file that cannot be read.
    """
    chosen = os.environ.get(variable)
    if not chosen:
        return ""
    file = Path(chosen).expanduser()
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise LocalClusterError(
            f"{variable} names no file that can be read: {error.strerror}",
            where=str(file),
            advice="Name a file in the form of spark-defaults.conf, or unset the variable.",
        ) from error


def own_settings(variable: str) -> dict[str, str]:
    """Return the settings of such a file; blank lines and those that begin with # say nothing."""
    lines = (line.strip() for line in own_text(variable).splitlines())
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#"))
    return {name: value.strip() for name, _, value in pairs}
