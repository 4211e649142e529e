"""Long work with progress that can be canceled, visible to every process through the database.

A job of a kind that a process offers to resume outlives its process: what was asked and how far it
came are stored, and the next process that offers the kind goes on with it.
"""

import asyncio
import uuid
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from contextvars import Context
from datetime import datetime, timedelta
from functools import partial

import asyncpg
import structlog

from quarterdeck_server.kernel.errors import NotFound, QuarterdeckError, Unavailable
from quarterdeck_server.runtime.job import (
    Job,
    JobCanceled,
    JobState,
    Order,
    Progress,
    RequestIdReused,
    Resume,
    Work,
)
from quarterdeck_server.runtime.postgres import Connection, Postgres

log = structlog.get_logger()

WATCH_PAUSE_S = 0.25
END_PAUSE_S = 0.5
ALIVE_PAUSE_S = 5.0
ALIVE_LOCK = 0x6A6F6273  # "jobs": with a runner's own number, held while its process lives
REQUEST_MEMORY = timedelta(hours=24)
NOBODY = uuid.UUID(int=0)
IS_ALIVE = f"""EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted
  AND classid = {ALIVE_LOCK}::bigint::oid
  AND objid = (hashtext(runner::text)::bigint & 4294967295)::oid)"""
COLUMNS = """id, kind, subject, state, progress, note, failure, owner,
  create_time, update_time, end_time"""


class Jobs:
    """Runs jobs in this process and shows those of every process."""

    def __init__(self, store: Postgres) -> None:
        self._store = store
        self._runner = uuid.uuid4()
        self._tasks: dict[uuid.UUID, asyncio.Task[None]] = {}
        # Held from a job's row to its task: in between it would be taken for one that was left.
        self._taking = asyncio.Lock()
        self._offers: dict[str, Resume] = {}

    async def start(self, kind: str, subject: str, owner: str, work: Work) -> str:
        """Start ``work`` and return the job's name; what it returns becomes the job's note.

        The job fails when this process stops.
        """
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
        self._launch(job, kind, self._run(job, Progress(self._store, job), work))
        return f"jobs/{job}"

    @asynccontextmanager
    async def offered(self, kind: str, resume: Resume) -> AsyncIterator[None]:
        """Run the jobs of a kind within the block, also those that other processes left.

        What runs at the end of the block waits for the next process that offers the kind.
        """
        self._offers[kind] = resume
        try:
            await self.adopt()
            yield
        finally:
            del self._offers[kind]
            await _cancel([task for task in self._tasks.values() if task.get_name() == kind])
            with suppress(Unavailable):
                await self._release(kind)

    async def begin(self, order: Order) -> str:
        """Start a job of an offered kind, or return the one that the same request started.

        Raises RequestIdReused if the request identifier began something else within a day.
        """
        job = uuid.uuid4()
        async with self._taking:
            known = await self._insert(job, order)
            if known is None:
                self._resume(job, order, "")
        return f"jobs/{known or job}"

    async def _insert(self, job: uuid.UUID, order: Order) -> uuid.UUID | None:
        """Store a job, unless the same request stored one: then return that."""
        async with self._store.transaction() as connection:
            known = await self._known(connection, order)
            if known is None:
                await connection.execute(
                    """INSERT INTO jobs.job
                         (id, kind, subject, owner, state, runner, request, request_id)
                       VALUES ($1, $2, $3, $4, 'RUNNING', $5, $6, $7)""",
                    job,
                    order.kind,
                    order.subject,
                    order.owner,
                    self._runner,
                    order.request,
                    order.request_id,
                )
            return known

    async def adopt(self) -> None:
        """Go on with the jobs of the kinds offered here whose process is gone."""
        if self._offers:
            async with self._taking:
                await self._take_over()

    async def _take_over(self) -> None:
        async with self._store.connection() as connection:
            rows = await connection.fetch(
                f"""UPDATE jobs.job SET runner = $1, state = 'RUNNING'
                    WHERE end_time IS NULL AND request IS NOT NULL
                      AND kind = ANY($2) AND id <> ALL($3) AND (runner = $1 OR NOT {IS_ALIVE})
                    RETURNING id, kind, subject, request, position""",  # noqa: S608 - a constant
                self._runner,
                list(self._offers),
                list(self._tasks),
            )
        for row in rows:
            log.info("job_resumed", job=str(row["id"]), kind=row["kind"])
            order = Order(row["kind"], row["subject"], "", row["request"])
            self._resume(row["id"], order, row["position"])

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
            """UPDATE jobs.job SET cancel_asked = true,
                 end_time = CASE WHEN state = 'PENDING' THEN clock_timestamp() END,
                 state = CASE WHEN state = 'PENDING' THEN 'CANCELED' ELSE state END
               WHERE id = $1 AND end_time IS NULL""",
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
        """Stop the jobs of this process; they end as failed, but for those that can go on."""
        await _cancel(tuple(self._tasks.values()))

    async def _known(self, connection: Connection, order: Order) -> uuid.UUID | None:
        if not order.request_id:
            return None
        key = f"job/{order.owner}/{order.request_id}"
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", key)
        row = await connection.fetchrow(
            """SELECT id, kind, subject, request FROM jobs.job
               WHERE owner = $1 AND request_id = $2
                 AND create_time > clock_timestamp() - $3::interval
               ORDER BY create_time DESC LIMIT 1""",
            order.owner,
            order.request_id,
            REQUEST_MEMORY,
        )
        if row is None:
            return None
        if (row["kind"], row["subject"], row["request"]) != (
            order.kind,
            order.subject,
            order.request,
        ):
            raise RequestIdReused
        return uuid.UUID(str(row["id"]))

    def _resume(self, job: uuid.UUID, order: Order, position: str) -> None:
        work = partial(self._offers[order.kind], order.subject, order.request)
        running = self._run(job, Progress(self._store, job, position), work, goes_on=True)
        # In a context of its own: whoever asked for the job is not its caller for days.
        Context().run(self._launch, job, order.kind, running)

    def _launch(self, job: uuid.UUID, kind: str, running: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(running, name=kind)
        self._tasks[job] = task
        task.add_done_callback(lambda _: self._tasks.pop(job, None))

    async def _run(
        self, job: uuid.UUID, progress: Progress, work: Work, *, goes_on: bool = False
    ) -> None:
        try:
            note = await work(progress)
        except JobCanceled:
            await self._insist_on_end(job, JobState.CANCELED)
        except asyncio.CancelledError:
            # Without the database, whoever lives on buries the job.
            if not goes_on:
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

    async def _release(self, kind: str) -> None:
        """Leave the jobs of a kind to the next process that offers it."""
        await self._store.execute(
            """UPDATE jobs.job SET state = 'PENDING', runner = $3, update_time = clock_timestamp()
               WHERE kind = $1 AND runner = $2 AND request IS NOT NULL AND end_time IS NULL""",
            kind,
            self._runner,
            NOBODY,
        )

    async def bury(self) -> None:
        """End the jobs of processes that are gone: their lock is free. What can go on waits."""
        await self._store.execute(
            f"""UPDATE jobs.job SET state = 'FAILED', failure = 'the server stopped',
                  update_time = clock_timestamp(), end_time = clock_timestamp()
                WHERE end_time IS NULL AND request IS NULL AND runner <> $1
                  AND NOT {IS_ALIVE}""",  # noqa: S608 - a constant
            self._runner,
        )
        await self._store.execute(
            f"""UPDATE jobs.job SET state = 'PENDING', update_time = clock_timestamp()
                WHERE end_time IS NULL AND request IS NOT NULL AND state = 'RUNNING'
                  AND runner <> $1 AND NOT {IS_ALIVE}""",  # noqa: S608 - a constant
            self._runner,
        )

    async def stay_alive(self) -> None:
        """Hold this runner's lock for as long as the process and its connection live."""
        async with self._store.connection() as connection:
            await connection.execute(
                "SELECT pg_advisory_lock($1, hashtext($2))", ALIVE_LOCK, str(self._runner)
            )
            while True:
                # Also of processes that die later: a killed one is noticed here.
                await self.bury()
                await self.adopt()
                await asyncio.sleep(ALIVE_PAUSE_S)
                await connection.execute("SELECT 1")


@asynccontextmanager
async def jobs(store: Postgres) -> AsyncIterator[Jobs]:
    """Open the jobs of this process; they end with the block."""
    runner = Jobs(store)
    try:
        yield runner
    finally:
        await runner.close()


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _identifier(name: str) -> uuid.UUID:
    try:
        return uuid.UUID(name.removeprefix("jobs/"))
    except ValueError as error:
        raise NotFound("job", name) from error


def _job(row: asyncpg.Record) -> Job:
    values = dict(row)
    return Job(name=f"jobs/{values.pop('id')}", state=JobState(values.pop("state")), **values)
