"""A job as it is shown, how its work tells how far it is, and what one is started with."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from quarterdeck_server.kernel.errors import Conflict
from quarterdeck_server.runtime.postgres import Postgres


class JobState(StrEnum):
    """How far a job has come."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands; ``progress`` from 0 to 1."""

    name: str
    kind: str
    subject: str
    state: JobState
    progress: float
    note: str
    failure: str
    owner: str
    create_time: datetime
    update_time: datetime
    end_time: datetime | None


class JobCanceled(Exception):
    """Somebody asked the job to stop. Let it pass; the runner records it."""


class RequestIdReused(Conflict):
    """The request identifier was used before for another request."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self) -> None:
        message = "request_id was used before for another request"
        super().__init__(message, field="request_id")


class Progress:
    """How a job tells how far it is, and learns that it should stop."""

    def __init__(self, store: Postgres, job: uuid.UUID, position: str = "") -> None:
        self._store, self._job = store, job
        self.position = position
        """Where to go on, as it was last reported; empty at the beginning."""

    async def report(self, fraction: float, note: str, position: str | None = None) -> None:
        """Record the fraction done and a sentence; raises JobCanceled when asked to stop.

        A position is what the work needs to go on from here in another process.
        """
        row = await self._store.fetchrow(
            """UPDATE jobs.job SET progress = $2, note = $3, position = coalesce($4, position),
                 update_time = clock_timestamp()
               WHERE id = $1 RETURNING cancel_asked""",
            self._job,
            min(max(fraction, 0.0), 1.0),
            note,
            position,
        )
        self.position = self.position if position is None else position
        if row is None or row["cancel_asked"]:
            raise JobCanceled


type Work = Callable[[Progress], Awaitable[str]]
type Resume = Callable[[str, str, Progress], Awaitable[str]]
"""Work on a subject and a stored request, from the position that the progress has."""


@dataclass(frozen=True, slots=True)
class Order:
    """A job to start that can go on in another process; the request is for its kind to read."""

    kind: str
    subject: str
    owner: str
    request: str
    request_id: str = ""
