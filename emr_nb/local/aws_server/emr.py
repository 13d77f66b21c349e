"""All EMR actions together."""

from __future__ import annotations

from emr_nb.local.aws_server.clusters import ClusterActions
from emr_nb.local.aws_server.nodes import NodeActions
from emr_nb.local.aws_server.policies import PolicyActions
from emr_nb.local.aws_server.steps import StepActions


class EmrService(ClusterActions, NodeActions, StepActions, PolicyActions):
    """EMR; what none of these overrides is moto's own."""
