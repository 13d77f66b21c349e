"""EMR actions on policies, releases, session credentials and application UIs.

An auto-termination policy is kept and told, but ends nothing: the local cluster has an idle
limit of its own.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta

from moto.core.responses import ActionResult, EmptyResult

from emr_nb.local.aws_server.base import EmrActions, Invalid, InvalidRequest
from emr_nb.local.aws_server.model import new_id
from emr_nb.local.aws_server.releases import RELEASES

_PAGE = 50
_IDLE_LIMITS = (60, 604_800)  # seconds: one minute to seven days
_CREDENTIALS_LIFE = timedelta(minutes=15)


class PolicyActions(EmrActions):
    """What belongs neither to a cluster's life nor to its nodes or steps."""

    def put_auto_termination_policy(self) -> ActionResult:
        policy = self.asked.get("AutoTerminationPolicy", {})
        idle = int(policy.get("IdleTimeout", 3600))
        if not _IDLE_LIMITS[0] <= idle <= _IDLE_LIMITS[1]:
            raise InvalidRequest("IdleTimeout must be between 60 and 604800 seconds.")
        self.cluster().auto_termination = {"IdleTimeout": idle}
        return EmptyResult()

    def get_auto_termination_policy(self) -> ActionResult:
        policy = self.cluster().auto_termination
        return ActionResult({"AutoTerminationPolicy": policy} if policy else {})

    def remove_auto_termination_policy(self) -> ActionResult:
        self.cluster().auto_termination = None
        return EmptyResult()

    def put_managed_scaling_policy(self) -> ActionResult:
        limits = self.asked.get("ManagedScalingPolicy", {}).get("ComputeLimits", {})
        if limits.get("MinimumCapacityUnits", 0) > limits.get("MaximumCapacityUnits", 0):
            raise Invalid("MinimumCapacityUnits is above MaximumCapacityUnits.")
        self.cluster().managed_scaling = self.asked["ManagedScalingPolicy"]
        return EmptyResult()

    def get_managed_scaling_policy(self) -> ActionResult:
        policy = self.cluster().managed_scaling
        return ActionResult({"ManagedScalingPolicy": policy} if policy else {})

    def remove_managed_scaling_policy(self) -> ActionResult:
        self.cluster().managed_scaling = None
        return EmptyResult()

    def list_security_configurations(self) -> ActionResult:
        known = self.backend.security_configurations.values()
        told = [{"Name": c.name, "CreationDateTime": c.creation_date_time} for c in known]
        return self.page("SecurityConfigurations", told, _PAGE, dict)

    def describe_release_label(self) -> ActionResult:
        label = str(self.asked.get("ReleaseLabel", ""))
        if label not in RELEASES:
            raise InvalidRequest(f"The release label {label} is not known to the local cluster.")
        applications = [{"Name": n, "Version": v} for n, v in RELEASES[label].items()]
        return ActionResult({"ReleaseLabel": label, "Applications": applications})

    def get_cluster_session_credentials(self) -> ActionResult:
        cluster = self.cluster()
        if cluster.over:
            raise InvalidRequest(f"Cluster {cluster.id} is terminated.")
        user = f"emr_{secrets.token_hex(8)}"
        return ActionResult(
            {
                "Credentials": {
                    "UsernamePassword": {"Username": user, "Password": secrets.token_urlsafe(24)}
                },
                "ExpiresAt": datetime.now(UTC) + _CREDENTIALS_LIFE,
            }
        )

    def get_on_cluster_app_ui_presigned_url(self) -> ActionResult:
        cluster = self.cluster()
        primaries = cluster.primaries()
        if cluster.over or not primaries:
            raise InvalidRequest(f"Cluster {cluster.id} has no application UI now.")
        kind = str(self.asked.get("OnClusterAppUIType", "SparkHistoryServer"))
        return ActionResult(_presigned(f"https://{primaries[0].public_dns}/ui/{kind}"))

    def create_persistent_app_ui(self) -> ActionResult:
        arn = str(self.asked.get("TargetResourceArn", ""))
        self.cluster(arn.rpartition("/")[2])
        ui = new_id("p-")
        now = datetime.now(UTC)
        self.world.app_uis[ui] = {
            "PersistentAppUIId": ui,
            "PersistentAppUITypeList": [str(self.asked.get("ProfilerType", "SHS"))],
            "PersistentAppUIStatus": "ATTACHED",
            "CreationTime": now,
            "LastModifiedTime": now,
            "Tags": self.asked.get("Tags", []),
        }
        return ActionResult({"PersistentAppUIId": ui, "RuntimeRoleEnabledCluster": False})

    def describe_persistent_app_ui(self) -> ActionResult:
        return ActionResult({"PersistentAppUI": self._ui()})

    def get_persistent_app_ui_presigned_url(self) -> ActionResult:
        ui = self._ui()
        kind = str(self.asked.get("PersistentAppUIType", "SHS")).lower()
        return ActionResult(_presigned(f"https://127.0.0.1/{ui['PersistentAppUIId']}/{kind}"))

    def _ui(self) -> dict[str, object]:
        wanted = str(self.asked.get("PersistentAppUIId", ""))
        if wanted not in self.world.app_uis:
            raise InvalidRequest(f"Persistent app UI id '{wanted}' is not valid.")
        return self.world.app_uis[wanted]


def _presigned(url: str) -> dict[str, object]:
    token = secrets.token_urlsafe(32)
    return {"PresignedURLReady": True, "PresignedURL": f"{url}?authToken={token}"}
