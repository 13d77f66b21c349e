"""Which cluster this user attached last: what a sparkmagic kernel, a process of its own, asks.

The file is in emr_nb's own folder and has no secret: a kernel that reads it attaches the
cluster anew and finds the credentials as any attach does.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from emr_nb.errors import NeighbourError
from emr_nb.settings import Settings

_FILE = "sparkmagic-attached.json"


@dataclass(frozen=True, slots=True)
class AttachedRecord:
    """All that another process needs to attach the same cluster as the same user."""

    target: str
    cluster: str
    name: str
    user: str = ""
    profile: str = ""
    region: str = ""
    role: str = ""
    endpoint_url: str = ""


def record_path(home: Path) -> Path:
    """Return where the record is kept."""
    return home / _FILE


def record_of(cluster: Any) -> AttachedRecord:
    """Describe an attached cluster (emr_nb.cluster.AttachedCluster or a fake of it)."""
    settings = getattr(cluster, "settings", None) or Settings()
    provider = cluster.info.provider
    return AttachedRecord(
        target=provider if provider == "sparkmagic" else cluster.info.id,
        cluster=cluster.info.id,
        name=cluster.name,
        user=cluster.user,
        profile=settings.profile,
        region=settings.region,
        role=settings.role,
        endpoint_url=settings.endpoint_url,
    )


def write_record(home: Path, record: AttachedRecord) -> None:
    """Remember a cluster as the one attached last; raises NeighbourError."""
    replace_file(record_path(home), json.dumps(asdict(record), indent=2) + "\n")


def read_record(home: Path) -> AttachedRecord | None:
    """Return the cluster attached last, or None; raises NeighbourError for a damaged file."""
    path = record_path(home)
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(AttachedRecord)}
        return AttachedRecord(**{k: str(v) for k, v in content.items() if k in known})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise NeighbourError(
            f"The cluster attached last cannot be read: {error}",
            where=str(path),
            advice="Write %emr attach TARGET in a notebook again.",
        ) from error


def forget_record(home: Path, cluster: str) -> None:
    """Forget a cluster, unless another one was attached since."""
    with suppress(NeighbourError):
        found = read_record(home)
        if found is not None and found.cluster == cluster:
            record_path(home).unlink(missing_ok=True)


def replace_file(path: Path, text: str) -> None:
    """Write a file whole or not at all; a new one is its owner's alone. Raises NeighbourError."""
    temporary = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        real = path.resolve()  # a link stays a link
        mode = real.stat().st_mode & 0o777 if real.exists() else 0o600
        handle, temporary = tempfile.mkstemp(prefix=f".{real.name}.", dir=real.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(mode)
        Path(temporary).replace(real)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise NeighbourError(
            f"The file cannot be written: {error}",
            where=str(path),
            advice="Nothing was changed. Make the folder writable and try again.",
        ) from error
