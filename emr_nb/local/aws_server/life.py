"""The life of a local cluster and its steps: computed from the clock at every look."""

from __future__ import annotations

from emr_nb.local.aws_server.model import Cluster, Delays, Step

OPEN_STEPS = ("PENDING", "RUNNING")


def advance(cluster: Cluster, delays: Delays, now: float) -> None:
    """Bring a cluster to the state that it has reached by `now` (epoch seconds)."""
    own = delays.of(cluster)
    if not cluster.over and cluster.ending is None:
        _start(cluster, own, now)
    if cluster.state in ("RUNNING", "WAITING"):
        _run_steps(cluster, own, now)
    if cluster.ending is not None and not cluster.over:
        _end(cluster, own, now)


def terminate(cluster: Cluster, now: float, code: str, reason: str) -> None:
    """Begin the end of a cluster."""
    if cluster.over or cluster.ending is not None:
        return
    cluster.state, cluster.ending = "TERMINATING", now
    cluster.reason_code, cluster.reason = code, reason
    for step in cluster.steps:
        if step.state in OPEN_STEPS:
            step.state = "CANCELLED" if step.state == "PENDING" else "INTERRUPTED"
            step.ended = now


def _start(cluster: Cluster, own: Delays, now: float) -> None:
    bootstrapped = cluster.created + own.starting
    ready = bootstrapped + own.bootstrapping
    if now < bootstrapped:
        cluster.state = "STARTING"
    elif now < ready:
        cluster.state = "BOOTSTRAPPING"
    elif cluster.ready is None and cluster.fact("fail") == "bootstrap":
        first = cluster.primaries()[0].ec2_id if cluster.primaries() else "unknown"
        cluster.failed = True
        terminate(
            *(cluster, ready, "BOOTSTRAP_FAILURE"),
            f"On the master instance ({first}), bootstrap action 1 returned a non-zero return code",
        )
    elif cluster.ready is None:
        cluster.ready, cluster.state = ready, "WAITING"
        cluster.reason = "Cluster ready after last step completed."


def _run_steps(cluster: Cluster, own: Delays, now: float) -> None:
    """Run steps in their order, as many at once as the cluster's concurrency level."""
    assert cluster.ready is not None
    running = [s for s in cluster.steps if s.state == "RUNNING"]
    while True:
        for step in running:
            _complete(step, own, now)
        running = [s for s in running if s.state == "RUNNING"]
        waiting = [s for s in cluster.steps if s.state == "PENDING"]
        if not waiting or len(running) >= cluster.concurrency:
            break
        free = [s.ended for s in cluster.steps if s.ended is not None]
        step = waiting[0]
        earliest = max(free) if free and not running else step.created
        step.started = max(step.created, cluster.ready, min(earliest, now))
        step.state = "RUNNING"
        running.append(step)
    busy = bool(running)
    cluster.state = "RUNNING" if busy else "WAITING"
    cluster.reason = "Running step" if busy else "Cluster ready after last step completed."
    if not busy and not cluster.keep_alive:
        last = max((s.ended for s in cluster.steps if s.ended), default=cluster.ready)
        terminate(cluster, last, "ALL_STEPS_COMPLETED", "Steps completed")


def _complete(step: Step, own: Delays, now: float) -> None:
    assert step.started is not None
    if now >= step.started + own.step:
        step.state, step.ended = "COMPLETED", step.started + own.step


def _end(cluster: Cluster, own: Delays, now: float) -> None:
    assert cluster.ending is not None
    if now >= cluster.ending + own.terminating:
        cluster.ended = cluster.ending + own.terminating
        cluster.state = "TERMINATED_WITH_ERRORS" if cluster.failed else "TERMINATED"
        for machine in cluster.machines:
            machine.ended = machine.ended or cluster.ended
