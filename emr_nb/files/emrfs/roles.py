"""EMRFS role mappings: which IAM role asks S3 for a path, by user, group or prefix."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emr_nb.model import FilePath


@dataclass(frozen=True, slots=True)
class RoleMapping:
    """One mapping: who or what (`kind` is `User`, `Group` or `Prefix`) gets which role."""

    role: str
    kind: str
    identifiers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """The role for a path and why; without a role it is the cluster's instance profile.

    `doubt` says what could not be known, empty where nothing was in the way.
    """

    role: str = ""
    reason: str = "no mapping fits: the cluster's instance profile"
    doubt: str = ""


def mappings_of(security: Mapping[str, Any] | None) -> tuple[RoleMapping, ...]:
    """Return the mappings of a security configuration, in its order."""
    told: Any = security
    for name in ("AuthorizationConfiguration", "EmrFsConfiguration", "RoleMappings"):
        told = told.get(name) if isinstance(told, Mapping) else None
    found = []
    for entry in told if isinstance(told, list) else []:
        if not isinstance(entry, Mapping) or not entry.get("Role"):
            continue
        names = entry.get("Identifiers") or []
        kind = str(entry.get("IdentifierType") or "").strip().capitalize()
        names = [names] if isinstance(names, str) else names
        found.append(RoleMapping(str(entry["Role"]), kind, tuple(map(str, names))))
    return tuple(found)


def choose(
    mappings: Sequence[RoleMapping],
    path: FilePath,
    user: str,
    groups: Collection[str] | None = None,
) -> Choice:
    """Return the role by which EMRFS would ask for a path; the first mapping that fits decides.

    `groups` None means that the user's groups are not known: a group's mapping before the one
    that fits then leaves a doubt.
    """
    doubt = ""
    for mapping in mappings:
        if mapping.kind == "User" and user in mapping.identifiers:
            return Choice(mapping.role, f"mapping of user {user}", doubt)
        if mapping.kind == "Prefix":
            fits = next((p for p in mapping.identifiers if _lies_in(path, p)), None)
            if fits is not None:
                return Choice(mapping.role, f"mapping of prefix {fits}", doubt)
        if mapping.kind == "Group":
            fits = next((g for g in mapping.identifiers if g in (groups or ())), None)
            if fits is not None:
                return Choice(mapping.role, f"mapping of group {fits}", doubt)
            if groups is None:
                named = ", ".join(mapping.identifiers)
                doubt = doubt or f"who is in group {named} uses {mapping.role}"
    return Choice(doubt=doubt)


def _lies_in(path: FilePath, prefix: str) -> bool:
    """Tell whether a path lies in a mapped prefix; `s3a://` and `s3n://` are S3 as well."""
    try:
        wanted = FilePath.parse(prefix if "://" in prefix else f"s3://{prefix}")
    except ValueError:
        return False
    if wanted.scheme != "s3" or wanted.authority != path.authority:
        return False
    if wanted.key.endswith("*"):
        return path.key.startswith(wanted.key.rstrip("*"))
    folder = wanted.key if wanted.key.endswith("/") or not wanted.key else wanted.key + "/"
    return path.key.startswith(folder) or path.key + "/" == folder
