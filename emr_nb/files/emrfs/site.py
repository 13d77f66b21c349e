"""The EMRFS settings of one attached cluster, read once, and the identities that follow."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from emr_nb.aws.access import AwsAccess
from emr_nb.context import ClusterContext
from emr_nb.errors import AwsError, EmrError
from emr_nb.files.emrfs.policy import Policy, policy_of
from emr_nb.files.emrfs.roles import Choice, RoleMapping, choose, mappings_of
from emr_nb.model import FilePath


class Site:
    """What the cluster says of S3; shared by threads."""

    def __init__(self, context: ClusterContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._read: tuple[Policy, tuple[RoleMapping, ...]] | None = None
        self._assumed: dict[str, AwsAccess | str] = {}

    @property
    def policy(self) -> Policy:
        """How the cluster encrypts what it writes."""
        return self._facts()[0]

    def choice(self, path: FilePath) -> Choice:
        """Return by which role EMRFS asks for a path."""
        mappings = self._facts()[1]
        if not mappings or not path.authority:
            return Choice(reason="")
        return choose(mappings, path, self._context.user)

    def access_of(self, path: FilePath) -> AwsAccess:
        """Return the identity that a path is asked for as: the mapped role's where it may be.

        Where we may not assume the role, it is our own identity; `told` says so.
        """
        role = self.choice(path).role
        found = self._assume(role) if role else self._context.access
        return self._context.access if isinstance(found, str) else found

    def told(self, path: FilePath) -> str:
        """Return in words who reads a path, empty where no mapping has a say."""
        choice = self.choice(path)
        if not choice.reason:
            return ""
        doubt = f"; {choice.doubt}" if choice.doubt else ""
        if not choice.role:
            return f"{choice.reason}; here: your own identity{doubt}"
        found = self._assume(choice.role)
        how = f"; your own identity reads here: {found}" if isinstance(found, str) else ""
        return f"{choice.role} ({choice.reason}{how}{doubt})"

    # -- inside ---------------------------------------------------------------------------

    def _assume(self, role: str) -> AwsAccess | str:
        """Return the identity of a role, or why it is not ours to assume; asked once."""
        access = self._context.access
        if role in (access.role, ""):
            return access
        with self._lock:
            if role not in self._assumed:
                taken = access.assuming(role)
                try:
                    taken.current()
                except AwsError as error:
                    self._assumed[role] = error.what
                else:
                    self._assumed[role] = taken
            return self._assumed[role]

    def _facts(self) -> tuple[Policy, tuple[RoleMapping, ...]]:
        if self._read is None:
            security, unknown = self._security()
            policy = policy_of(self._context.cluster, security, unknown)
            self._read = policy, mappings_of(security)
        return self._read

    def _security(self) -> tuple[Mapping[str, Any] | None, str]:
        name = self._context.cluster.security_configuration
        if not name:
            return None, ""
        try:
            reply = self._context.access.call("emr", "describe_security_configuration", Name=name)
            told = json.loads(reply.get("SecurityConfiguration") or "{}")
        except EmrError as error:
            return None, f"security configuration {name} cannot be read: {error.what}"
        except ValueError as error:
            return None, f"security configuration {name} is no JSON: {error}"
        return (told, "") if isinstance(told, dict) else (None, f"{name} is no JSON object")
