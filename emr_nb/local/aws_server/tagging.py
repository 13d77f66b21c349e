"""The Resource Groups Tagging API with our EMR clusters in it (moto's has none)."""

from __future__ import annotations

from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.resourcegroupstaggingapi.responses import ResourceGroupsTaggingAPIResponse

from emr_nb.local.aws_server.model import Cluster, World


class TaggingActions(ResourceGroupsTaggingAPIResponse):
    """One request; anything but a search for EMR clusters is moto's own."""

    world: ClassVar[World]

    def get_resources(self) -> ActionResult:
        kinds = self._get_param("ResourceTypeFilters", [])
        if not kinds or any(k.partition(":")[0] != "elasticmapreduce" for k in kinds):
            return super().get_resources()
        wanted = self._get_param("TagFilters", [])
        found = self.world.of(self.current_account, self.region).values()
        told = [
            {
                "ResourceARN": c.arn,
                "Tags": [{"Key": k, "Value": v} for k, v in c.tags.items()],
            }
            for c in found
            if all(_matches(c, f) for f in wanted)
        ]
        return ActionResult({"ResourceTagMappingList": told, "PaginationToken": ""})


def _matches(cluster: Cluster, wanted: Any) -> bool:
    values = wanted.get("Values") or []
    value = cluster.tags.get(wanted["Key"])
    return value is not None and (not values or value in values)
