"""EMR actions on steps. Steps progress by the clock; what they name is not run."""

from __future__ import annotations

import time

from moto.core.responses import ActionResult

from emr_nb.local.aws_server import replies
from emr_nb.local.aws_server.base import EmrActions, InvalidRequest
from emr_nb.local.aws_server.model import Step

_PAGE = 50
_CANCELLABLE = ("PENDING", "RUNNING")


class StepActions(EmrActions):
    """AddJobFlowSteps to CancelSteps."""

    def add_job_flow_steps(self) -> ActionResult:
        cluster = self.cluster(str(self.asked.get("JobFlowId", "")))
        if cluster.over or cluster.ending is not None:
            raise InvalidRequest(f"A job flow that is {cluster.state} takes no steps.")
        added = [Step(s, time.time()) for s in self.asked.get("Steps", [])]
        cluster.steps.extend(added)
        return ActionResult({"StepIds": [s.id for s in added]})

    def list_steps(self) -> ActionResult:
        asked = self.asked
        ids, states = asked.get("StepIds", []), asked.get("StepStates", [])
        found = [
            s
            for s in reversed(self.cluster().steps)  # the newest first, as on AWS
            if (not ids or s.id in ids) and (not states or s.state in states)
        ]
        return self.page("Steps", found, _PAGE, replies.step)

    def describe_step(self) -> ActionResult:
        wanted = str(self.asked.get("StepId", ""))
        for step in self.cluster().steps:
            if step.id == wanted:
                return ActionResult({"Step": replies.step(step)})
        raise InvalidRequest(f"Step id '{wanted}' is not valid.")

    def cancel_steps(self) -> ActionResult:
        steps = {s.id: s for s in self.cluster().steps}
        told = []
        for step_id in self.asked.get("StepIds", []):
            step = steps.get(step_id)
            if step is None:
                raise InvalidRequest(f"Step id '{step_id}' is not valid.")
            if step.state not in _CANCELLABLE:
                reason = f"The step is {step.state}."
                told.append({"StepId": step_id, "Status": "FAILED", "Reason": reason})
                continue
            step.state, step.ended = "CANCELLED", time.time()
            step.reason = "Cancelled by user"
            told.append({"StepId": step_id, "Status": "SUBMITTED", "Reason": ""})
        return ActionResult({"CancelStepsInfoList": told})
