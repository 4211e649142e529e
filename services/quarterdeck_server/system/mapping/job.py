"""Jobs on the wire."""

from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.api.system.v1 import job_pb2
from quarterdeck.api.system.v1 import job_service_pb2 as pb
from quarterdeck_server.kernel.page import Position
from quarterdeck_server.kernel.time import datetime_from_ns, ns_from_datetime
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.runtime.job import Job, JobState

STATE = "JOB_STATE_"


def job_to(job: Job) -> job_pb2.Job:
    """Write a job."""
    return job_pb2.Job(
        name=job.name,
        kind=job.kind,
        subject=job.subject,
        state=job_pb2.JobState.Value(STATE + job.state),
        progress=job.progress,
        note=job.note,
        failure=job.failure,
        owner=job.owner,
        create_time=_time(job.create_time),
        update_time=_time(job.update_time),
        end_time=_time(job.end_time) if job.end_time else None,
    )


def state_from(request: pb.ListJobsRequest) -> JobState | None:
    """Read which state is asked for, if any."""
    if not request.state:
        return None
    return JobState(job_pb2.JobState.Name(request.state).removeprefix(STATE))


def position_of(job: Job) -> Position:
    """Return where the page after a job begins."""
    return [ns_from_datetime(job.create_time), job.name]


def after_from(position: Position | None) -> tuple[datetime, str] | None:
    """Read where a page begins."""
    return (datetime_from_ns(int(position[0])), str(position[1])) if position else None


def _time(moment: datetime) -> Timestamp:
    return timestamp_to(ns_from_datetime(moment))
