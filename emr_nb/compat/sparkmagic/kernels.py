"""The entry of `config.json` that points sparkmagic's kernels at the attached cluster."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emr_nb.compat.sparkmagic import AUTH_CLASS, AUTH_NAME, BEFORE, PLACEHOLDER
from emr_nb.compat.sparkmagic.config import KERNELS, load_json, read_config
from emr_nb.compat.sparkmagic.record import replace_file

_AUTHENTICATORS = {  # sparkmagic's own: a file that names any names all
    "Kerberos": "sparkmagic.auth.kerberos.Kerberos",
    "None": "sparkmagic.auth.customauth.Authenticator",
    "Basic_Access": "sparkmagic.auth.basic.Basic",
}


def entry(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return what has to be in `config.json`, beside what is there."""
    credentials = {"username": "", "password": "", "url": PLACEHOLDER, "auth": AUTH_NAME}
    classes = {**(content.get("authenticators") or _AUTHENTICATORS), AUTH_NAME: AUTH_CLASS}
    return {"authenticators": classes, **{key: dict(credentials) for key in KERNELS}}


def point_kernels(path: Path) -> bool:
    """Write the entry; False where it is there already. Raises NeighbourError.

    What it displaces stays in the same file, so that no copy of a password is made.
    """
    if read_config(path).kernels_point_here:
        return False
    content = load_json(path)
    added = entry(content)
    before = {key: content.get(key) for key in added}
    _write(path, {**content, **added, BEFORE: content.get(BEFORE) or before})
    return True


def release_kernels(path: Path) -> bool:
    """Put back what the entry displaced; False where there is no entry. Raises NeighbourError."""
    content = load_json(path)
    before = content.pop(BEFORE, None)
    if not isinstance(before, dict):
        return False
    for key, value in before.items():
        if value is None:
            content.pop(key, None)
        else:
            content[key] = value
    _write(path, content)
    return True


def _write(path: Path, content: Mapping[str, Any]) -> None:
    replace_file(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
