"""sparkmagic's `config.json`, read as sparkmagic 0.23 reads it; nothing of it is imported."""

from __future__ import annotations

import base64
import binascii
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emr_nb.compat.sparkmagic import BEFORE, PLACEHOLDER
from emr_nb.errors import NeighbourError

KERNELS = ("kernel_python_credentials", "kernel_scala_credentials")
NO_AUTH, BASIC, KERBEROS = "None", "Basic_Access", "Kerberos"
_KERBEROS_CLASS = "sparkmagic.auth.kerberos.Kerberos"
# Fields of Livy's POST /sessions that are ours to pass on. Left out: what a session is called,
# whose it is and how it lives, which emr_nb decides (`kind`, `name`, `proxyUser`, heartbeats).
_SESSION_FIELDS = frozenset(
    {"jars", "pyFiles", "files", "archives", "queue", "conf", "ttl", "idleTimeout"}
    | {"driverMemory", "driverCores", "executorMemory", "executorCores", "numExecutors"}
)


@dataclass(frozen=True, slots=True)
class SparkmagicConfig:
    """What of a `config.json` counts for emr_nb.

    `session` are options of new sessions, `left_out` the keys that emr_nb does not follow,
    `authenticator` the class path of a custom `auth`, `kernels_point_here` whether our entry
    is in it. Secrets stay out of the repr.
    """

    path: Path
    url: str = ""
    auth: str = NO_AUTH
    user: str = ""
    password: str = field(default="", repr=False)
    authenticator: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    session: Mapping[str, Any] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    kernels_point_here: bool = False


def config_path() -> Path:
    """Return where sparkmagic looks for its file; SPARKMAGIC_CONF_DIR and _FILE override it."""
    folder = os.environ.get("SPARKMAGIC_CONF_DIR", "~/.sparkmagic")
    return Path(folder).expanduser() / os.environ.get("SPARKMAGIC_CONF_FILE", "config.json")


def load_json(path: Path) -> dict[str, Any]:
    """Return the file's content, an empty dict where there is none; raises NeighbourError."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise NeighbourError(
            f"sparkmagic's configuration cannot be read: {error}",
            where=str(path),
            advice="Make it readable for you, or name a target: %emr attach TARGET.",
        ) from error
    try:
        content = json.loads(text) if text else {}
    except ValueError as error:
        raise _wrong(path, f"is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise _wrong(path, "is no JSON object")
    return content


def read_config(path: Path | None = None) -> SparkmagicConfig:
    """Read the file; one that is absent or empty says nothing. Raises NeighbourError."""
    path = path or config_path()
    content = load_json(path)
    place = _credentials(path, content)
    auth, user = str(place.get("auth") or ""), str(place.get("username") or "")
    password = _password(path, place)
    session, left_out = _session(path, content)
    if content.get("ignore_ssl_errors"):
        left_out.append("ignore_ssl_errors")
    auth = auth or (BASIC if user or password else NO_AUTH)
    classes = {KERBEROS: _KERBEROS_CLASS, **_object(path, content, "authenticators")}
    return SparkmagicConfig(
        path=path,
        url=str(place.get("url") or "").rstrip("/"),
        auth=auth,
        user=user,
        password=password,
        authenticator=str(classes.get(auth, "")) if auth not in (NO_AUTH, BASIC) else "",
        headers={k: str(v) for k, v in _object(path, content, "custom_headers").items()},
        session=session,
        left_out=tuple(left_out),
        kernels_point_here=all(_is_ours(content.get(key)) for key in KERNELS),
    )


def _credentials(path: Path, content: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the first entry of a kernel that names a server, or what our entry displaced."""
    before = _object(path, content, BEFORE)
    for key in KERNELS:
        found = _object(path, content, key)
        if _is_ours(found):
            found = _object(path, before, key)
        if found.get("url"):
            return found
    return {}


def _is_ours(entry: object) -> bool:
    return isinstance(entry, dict) and entry.get("url") == PLACEHOLDER


def _password(path: Path, place: Mapping[str, Any]) -> str:
    encoded = place.get("base64_password")
    if not encoded:
        return str(place.get("password") or "")
    try:
        return base64.b64decode(str(encoded), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _wrong(path, "has a base64_password that is not base64 of UTF-8 text") from error


def _session(path: Path, content: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    merged = _merged(
        _object(path, content, "session_configs_defaults"),
        _object(path, content, "session_configs"),
    )
    taken = {key: value for key, value in merged.items() if key in _SESSION_FIELDS}
    return taken, sorted(set(merged) - set(taken))


def _merged(defaults: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one object over another, objects in them too: sparkmagic's `_recursive_merge`."""
    merged = {**defaults, **chosen}
    for key in defaults.keys() & chosen.keys():
        if isinstance(defaults[key], dict) and isinstance(chosen[key], dict):
            merged[key] = _merged(defaults[key], chosen[key])
    return merged


def _object(path: Path, content: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = content.get(key) or {}
    if not isinstance(found, dict):
        raise _wrong(path, f"has a {key} that is no JSON object")
    return found


def _wrong(path: Path, how: str) -> NeighbourError:
    return NeighbourError(
        f"sparkmagic's configuration {how}",
        where=str(path),
        advice="Correct the file, or name a target: %emr attach TARGET.",
    )
