"""Copies between HDFS and S3 that run on the cluster itself: an EMR step with s3-dist-cp.

Source: AWS's EMR documentation of S3DistCp and command-runner.jar, EMR API `AddJobFlowSteps`.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any

from emr_nb.context import ClusterContext
from emr_nb.errors import (
    AwsAccessDeniedError,
    AwsCredentialsError,
    AwsError,
    AwsThrottledError,
    ClusterError,
    UsageError,
)
from emr_nb.files.plans import Plan
from emr_nb.model import FilePath

MANY_BYTES = 20 * 2**30
MANY_FILES = 10_000
_LOOK = 10.0  # seconds between two looks at the step: EMR counts calls
_LONGEST = 24 * 3600.0
_ENDED = {"COMPLETED", "FAILED", "CANCELLED", "INTERRUPTED"}


def is_large(source: FilePath, target: FilePath, plan: Plan) -> bool:
    """Tell whether a copy is one that the cluster would do better."""
    between = {source.scheme, target.scheme} == {"hdfs", "s3"}
    return between and (plan.bytes > MANY_BYTES or len(plan.transfers) > MANY_FILES)


def refusal(context: ClusterContext) -> str:
    """Return why this cluster cannot copy by itself; empty where it can."""
    provider = context.cluster.provider
    if provider == "local":
        return (
            "The local cluster has no s3-dist-cp: its control plane takes steps "
            "and does not run what they name"
        )
    if provider != "aws":
        return f"{context.cluster.name} has no control plane here that takes steps"
    return ""


def step_of(source: FilePath, target: FilePath, *, is_directory: bool) -> list[str]:
    """Return the words of the step; raises UsageError unless it is HDFS to S3 or back."""
    if {source.scheme, target.scheme} != {"hdfs", "s3"}:
        raise UsageError(
            "--distcp copies between HDFS and S3", where=f"{source} → {target}",
            advice="Leave --distcp away: this copy goes through the notebook.",
        )  # fmt: skip
    if is_directory:
        return ["s3-dist-cp", f"--src={source}", f"--dest={target}"]
    return ["hadoop", "distcp", str(source), str(target)]


def run_on_cluster(
    context: ClusterContext,
    words: list[str],
    *,
    told: Callable[[str], None] = lambda _: None,
    wait: Callable[[float], None] = time.sleep,
) -> str:
    """Run a step to its end and return its id; an interrupt cancels it.

    Raises ClusterError for a cluster without a control plane, and for a step that fails.
    """
    if why := refusal(context):
        raise ClusterError(
            why,
            where=context.cluster.name,
            advice="Leave --distcp away: the copy goes through the notebook.",
        )
    step_id = _submit(context, words)
    try:
        status = _ended(context, step_id, told, wait)
    except BaseException:
        _cancel(context, step_id)
        raise
    if status["State"] != "COMPLETED":
        details = status.get("FailureDetails") or status.get("StateChangeReason") or {}
        raise ClusterError(
            f"The step {step_id} is {status['State']}: "
            f"{details.get('Reason') or details.get('Message') or 'EMR says no reason'}",
            where=context.cluster.name,
            advice=f"Its log: {details.get('LogFile') or 'in the console, by the step’s id'}",
        )
    return step_id


def _submit(context: ClusterContext, words: list[str]) -> str:
    """Send the step once; one whose reply was lost is known again by its name."""
    name = f"emr_nb {words[0]} {secrets.token_hex(4)}"
    step = {
        "Name": name,
        "ActionOnFailure": "CONTINUE",
        "HadoopJarStep": {"Jar": "command-runner.jar", "Args": words},
    }
    try:
        reply = context.access.call(
            "emr", "add_job_flow_steps", once=True, JobFlowId=context.cluster.id, Steps=[step]
        )
    except (AwsAccessDeniedError, AwsCredentialsError, AwsThrottledError):
        raise  # EMR did not take it
    except BaseException as error:
        found = _found(context, name)
        if not found:
            raise
        if not isinstance(error, AwsError):
            _cancel(context, found)
            raise
        return found
    return str(reply["StepIds"][0])


def _found(context: ClusterContext, name: str) -> str:
    """Return the step of a name among the newest ones, which EMR may list late; else ``."""
    for wait in (0.5, 1.5, 3.0):
        time.sleep(wait)
        try:
            reply = context.access.call("emr", "list_steps", ClusterId=context.cluster.id)
        except AwsError:
            continue
        if ids := [str(step["Id"]) for step in reply["Steps"] if step["Name"] == name]:
            return ids[0]
    return ""


def _cancel(context: ClusterContext, step_id: str) -> None:
    context.access.call(
        "emr", "cancel_steps", ClusterId=context.cluster.id, StepIds=[step_id],
        StepCancellationOption="SEND_INTERRUPT",
    )  # fmt: skip


def _ended(
    context: ClusterContext,
    step_id: str,
    told: Callable[[str], None],
    wait: Callable[[float], None],
) -> dict[str, Any]:
    deadline = time.monotonic() + _LONGEST
    while time.monotonic() < deadline:
        reply = context.access.call(
            "emr", "describe_step", ClusterId=context.cluster.id, StepId=step_id
        )
        status: dict[str, Any] = reply["Step"]["Status"]
        if status["State"] in _ENDED:
            return status
        told(f"step {step_id} {status['State'].lower()}")
        wait(_LOOK)
    raise ClusterError(f"The step {step_id} still runs after a day", where=context.cluster.name)
