"""The routes of jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emr_nb.errors import UsageError
from emr_nb.server.models.common import JobId, JobList, JobView, Nothing

if TYPE_CHECKING:
    from emr_nb.server.state import ServerState


def listed(state: ServerState, asked: Nothing) -> JobList:
    """List the jobs, the newest first."""
    del asked
    return JobList(jobs=[job.view() for job in state.jobs.all()])


def one(state: ServerState, asked: JobId) -> JobView:
    """Tell how a job does; raises NotKeptError."""
    return state.jobs.find(asked.job).view()


def cancel(state: ServerState, asked: JobId) -> JobView:
    """Ask a job to end early; raises UsageError for one that cannot."""
    job = state.jobs.find(asked.job)
    if not job.stoppable and job.state == "running":
        raise UsageError("This work cannot be stopped half-way", where=job.about)
    job.stopped.set()
    return job.view()
