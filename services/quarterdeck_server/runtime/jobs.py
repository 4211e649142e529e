"""Long work with progress that can be canceled, visible to every process through the database."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import asyncpg
import structlog

from quarterdeck_server.kernel.errors import NotFound, QuarterdeckError, Unavailable
from quarterdeck_server.runtime.postgres import Postgres

log = structlog.get_logger()

WATCH_PAUSE_S = 0.25
END_PAUSE_S = 0.5
ALIVE_LOCK = 0x6A6F6273  # "jobs": with a runner's own number, held while its process lives
COLUMNS = """id, kind, subject, state, progress, note, failure, owner,
  create_time, update_time, end_time"""


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


class Progress:
    """How a job tells how far it is, and learns that it should stop."""

    def __init__(self, store: Postgres, job: uuid.UUID) -> None:
        self._store, self._job = store, job

    async def report(self, fraction: float, note: str) -> None:
        """Record the fraction done and a sentence; raises JobCanceled when asked to stop."""
        row = await self._store.fetchrow(
            """UPDATE jobs.job SET progress = $2, note = $3, update_time = clock_timestamp()
               WHERE id = $1 RETURNING cancel_asked""",
            self._job,
            min(max(fraction, 0.0), 1.0),
            note,
        )
        if row is None or row["cancel_asked"]:
            raise JobCanceled


type Work = Callable[[Progress], Awaitable[str]]


class Jobs:
    """Runs jobs in this process and shows those of every process."""

    def __init__(self, store: Postgres) -> None:
        self._store = store
        self._runner = uuid.uuid4()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, kind: str, subject: str, owner: str, work: Work) -> str:
        """Start ``work`` and return the job's name; what it returns becomes the job's note."""
        job = uuid.uuid4()
        await self._store.execute(
            """INSERT INTO jobs.job (id, kind, subject, owner, state, runner)
               VALUES ($1, $2, $3, $4, 'RUNNING', $5)""",
            job,
            kind,
            subject,
            owner,
            self._runner,
        )
        task = asyncio.create_task(self._run(job, work), name=f"job-{kind}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return f"jobs/{job}"

    async def get(self, name: str) -> Job:
        """Return a job. Raises NotFound."""
        row = await self._store.fetchrow(
            f"SELECT {COLUMNS} FROM jobs.job WHERE id = $1",  # noqa: S608 - a constant
            _identifier(name),
        )
        if row is None:
            raise NotFound("job", name)
        return _job(row)

    async def list(
        self, state: JobState | None, after: tuple[datetime, str] | None, limit: int
    ) -> list[Job]:
        """Return jobs, newest first, those created before the one at ``after`` (time, name)."""
        rows = await self._store.fetch(
            f"""SELECT {COLUMNS} FROM jobs.job
                WHERE ($1::text IS NULL OR state = $1)
                  AND ($2::timestamptz IS NULL OR (create_time, id) < ($2, $3))
                ORDER BY create_time DESC, id DESC LIMIT $4""",  # noqa: S608 - a constant
            state,
            after and after[0],
            after and _identifier(after[1]),
            limit,
        )
        return [_job(row) for row in rows]

    async def cancel(self, name: str) -> Job:
        """Ask a job to stop at its next report; an ended one stays as it is. Raises NotFound."""
        await self._store.execute(
            "UPDATE jobs.job SET cancel_asked = true WHERE id = $1 AND end_time IS NULL",
            _identifier(name),
        )
        return await self.get(name)

    async def watch(self, name: str) -> AsyncIterator[Job]:
        """Return a job as it is, then whenever it changed, until it ended. Raises NotFound."""
        last: Job | None = None
        while last is None or last.end_time is None:
            job = await self.get(name)
            if job != last:
                yield job
            last = job
            if job.end_time is None:
                await asyncio.sleep(WATCH_PAUSE_S)

    async def close(self) -> None:
        """Stop the jobs of this process; they end as failed."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, job: uuid.UUID, work: Work) -> None:
        try:
            note = await work(Progress(self._store, job))
        except JobCanceled:
            await self._insist_on_end(job, JobState.CANCELED)
        except asyncio.CancelledError:
            # Without the database, whoever lives on buries the job.
            with suppress(Unavailable):
                await self._end(job, JobState.FAILED, failure="the server stopped")
            raise
        except QuarterdeckError as error:
            await self._insist_on_end(job, JobState.FAILED, failure=str(error))
        except Exception:
            log.exception("job_failed", job=str(job))
            await self._insist_on_end(job, JobState.FAILED, failure="internal error, see the log")
        else:
            await self._insist_on_end(job, JobState.SUCCEEDED, note=note)

    async def _insist_on_end(
        self, job: uuid.UUID, state: JobState, *, note: str | None = None, failure: str = ""
    ) -> None:
        """Store how a job ended, however long the database is away: nobody else knows it."""
        while True:
            try:
                return await self._end(job, state, note=note, failure=failure)
            except Unavailable as error:
                log.warning("job_end_not_stored", job=str(job), error=str(error))
            await asyncio.sleep(END_PAUSE_S)

    async def _end(
        self, job: uuid.UUID, state: JobState, *, note: str | None = None, failure: str = ""
    ) -> None:
        await self._store.execute(
            """UPDATE jobs.job SET state = $2, failure = $3, note = coalesce($4, note),
                 progress = CASE WHEN $2 = 'SUCCEEDED' THEN 1 ELSE progress END,
                 update_time = clock_timestamp(), end_time = clock_timestamp()
               WHERE id = $1""",
            job,
            state,
            failure,
            note,
        )

    async def bury(self) -> None:
        """End the jobs of processes that are gone: their lock is free."""
        await self._store.execute(
            """UPDATE jobs.job SET state = 'FAILED', failure = 'the server stopped',
                 update_time = clock_timestamp(), end_time = clock_timestamp()
               WHERE end_time IS NULL AND runner <> $1
                 AND NOT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
                                 AND classid = $2::bigint::oid
                                 AND objid = (hashtext(runner::text)::bigint & 4294967295)::oid)""",
            self._runner,
            ALIVE_LOCK,
        )

    async def stay_alive(self) -> None:
        """Hold this runner's lock for as long as the process and its connection live."""
        async with self._store.connection() as connection:
            await connection.execute(
                "SELECT pg_advisory_lock($1, hashtext($2))", ALIVE_LOCK, str(self._runner)
            )
            await self.bury()
            while True:
                await asyncio.sleep(5)
                await connection.execute("SELECT 1")


@asynccontextmanager
async def jobs(store: Postgres) -> AsyncIterator[Jobs]:
    """Open the jobs of this process; they end with the block."""
    runner = Jobs(store)
    try:
        yield runner
    finally:
        await runner.close()


def _identifier(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(name.removeprefix("jobs/"))
    except ValueError as error:
        raise NotFound("job", name) from error


def _job(row: asyncpg.Record) -> Job:
    values = dict(row)
    return Job(name=f"jobs/{values.pop('id')}", state=JobState(values.pop("state")), **values)
