"""Jobs on a real PostgreSQL."""

import asyncio
from dataclasses import replace

import pytest

from quarterdeck_server.kernel.errors import InvalidField, NotFound, Unavailable
from quarterdeck_server.runtime.job import Job, JobState, Order, Progress, RequestIdReused
from quarterdeck_server.runtime.jobs import Jobs, jobs
from quarterdeck_server.runtime.postgres import Connection, Postgres


async def ended(runner: Jobs, name: str) -> Job:
    async with asyncio.timeout(5):
        return [job async for job in runner.watch(name)][-1]


async def test_a_job_ends_with_what_its_work_returns(store: Postgres) -> None:
    async def work(progress: Progress) -> str:
        await progress.report(0.5, "half")
        return "imported 10 rows"

    async with jobs(store) as runner:
        job = await ended(runner, await runner.start("import", "sources/replay", "p", work))
    assert (job.state, job.progress, job.note) == (JobState.SUCCEEDED, 1.0, "imported 10 rows")


async def test_a_job_that_fails_says_why(store: Postgres) -> None:
    async def work(_: Progress) -> str:
        raise InvalidField("dataset", "is empty")

    async with jobs(store) as runner:
        job = await ended(runner, await runner.start("import", "s", "p", work))
    assert (job.state, job.failure) == (JobState.FAILED, "dataset is empty")


async def test_a_canceled_job_ends_at_its_next_step(store: Postgres) -> None:
    begun = asyncio.Event()

    async def work(progress: Progress) -> str:
        while True:
            await progress.report(0.1, "on and on")
            begun.set()
            await asyncio.sleep(0.01)

    async with jobs(store) as runner:
        name = await runner.start("import", "s", "p", work)
        await begun.wait()
        await runner.cancel(name)
        assert (await ended(runner, name)).state is JobState.CANCELED


async def test_a_job_of_a_stopped_process_is_failed(store: Postgres) -> None:
    async def work(_: Progress) -> str:
        await asyncio.sleep(60)
        return ""

    async with jobs(store) as runner:
        name = await runner.start("import", "s", "p", work)
        await asyncio.sleep(0)
    assert (await Jobs(store).get(name)).failure == "the server stopped"


async def test_jobs_of_a_process_that_died_are_buried_by_the_next(store: Postgres) -> None:
    """A killed process cannot tell; its lock in the database is gone with its connection."""
    dead = await store.fetchval(
        """INSERT INTO jobs.job (kind, subject, owner, state, runner)
           VALUES ('k', 's', 'o', 'RUNNING', gen_random_uuid()) RETURNING id"""
    )
    async with jobs(store) as runner:
        alive = asyncio.create_task(runner.stay_alive())
        assert (await ended(runner, f"jobs/{dead}")).failure == "the server stopped"
        alive.cancel()


async def test_jobs_of_a_living_process_are_left_alone(store: Postgres) -> None:
    async def work(_: Progress) -> str:
        await asyncio.sleep(60)
        return ""

    async with jobs(store) as one, jobs(store) as other:
        alive = asyncio.create_task(one.stay_alive())
        name = await one.start("import", "s", "p", work)
        await asyncio.sleep(0.1)
        await other.bury()
        assert (await other.get(name)).state is JobState.RUNNING
        alive.cancel()


async def test_an_unknown_job_is_not_found(store: Postgres) -> None:
    with pytest.raises(NotFound):
        await Jobs(store).get("jobs/nothing")


BREAK_WHAT_WAITS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'"""


async def break_what_waits(connection: Connection) -> None:
    """Break the connection that waits for a lock, as soon as one does."""
    for _ in range(200):
        await connection.execute("SELECT pg_stat_clear_snapshot()")
        if await connection.fetchval(BREAK_WHAT_WAITS):
            return
        await asyncio.sleep(0.02)


async def idle(_: Progress) -> str:
    return "done"


async def test_a_start_whose_connection_breaks_is_not_repeated(store: Postgres) -> None:
    """Whether the database stored the job cannot be known, and a second one must not run."""
    async with jobs(store) as runner:
        async with store.transaction() as connection:
            await connection.execute("LOCK TABLE jobs.job IN SHARE MODE")
            start = asyncio.create_task(runner.start("import", "s", "p", idle))
            await break_what_waits(connection)
            with pytest.raises(Unavailable):
                await asyncio.wait_for(start, 5)
        assert await runner.list(None, None, 10) == []


async def test_the_end_of_a_job_outlives_a_broken_connection(store: Postgres) -> None:
    finish = asyncio.Event()

    async def work(_: Progress) -> str:
        await finish.wait()
        return "imported 10 rows"

    async with jobs(store) as runner:
        name = await runner.start("import", "s", "p", work)
        async with store.transaction() as connection:
            await connection.execute("SELECT FROM jobs.job FOR UPDATE")
            finish.set()
            await break_what_waits(connection)
        assert (await ended(runner, name)).state is JobState.SUCCEEDED


ORDER = Order("read", "sources/x", "principals/ada", "what to read", "r-1")


async def test_a_job_that_can_go_on_does_so_in_the_next_process(store: Postgres) -> None:
    reached = asyncio.Event()

    async def first(subject: str, request: str, progress: Progress) -> str:
        await progress.report(0.5, "half", "page 2")
        reached.set()
        await asyncio.sleep(60)
        return ""

    async def second(subject: str, request: str, progress: Progress) -> str:
        return f"{request} from {progress.position}"

    async with jobs(store) as one, one.offered("read", first):
        name = await one.begin(ORDER)
        await reached.wait()
    async with jobs(store) as other:
        assert (await other.get(name)).state is JobState.PENDING
        async with other.offered("read", second):
            job = await ended(other, name)
    assert (job.state, job.note) == (JobState.SUCCEEDED, "what to read from page 2")


async def test_a_job_of_a_killed_process_is_adopted_not_buried(store: Postgres) -> None:
    async def resume(subject: str, request: str, progress: Progress) -> str:
        return request

    dead = await store.fetchval(
        """INSERT INTO jobs.job (kind, subject, owner, state, runner, request)
           VALUES ('read', 's', 'o', 'RUNNING', gen_random_uuid(), 'all') RETURNING id"""
    )
    async with jobs(store) as runner:
        await runner.bury()
        assert (await runner.get(f"jobs/{dead}")).state is JobState.PENDING
        async with runner.offered("read", resume):
            assert (await ended(runner, f"jobs/{dead}")).note == "all"


async def test_a_job_that_is_looked_for_twice_at_once_runs_once(store: Postgres) -> None:
    ran = 0

    async def resume(subject: str, request: str, progress: Progress) -> str:
        nonlocal ran
        ran += 1
        await asyncio.sleep(0.1)
        return ""

    async with jobs(store) as runner, runner.offered("read", resume):
        dead = await store.fetchval(
            """INSERT INTO jobs.job (kind, subject, owner, state, runner, request)
               VALUES ('read', 's', 'o', 'PENDING', gen_random_uuid(), 'all') RETURNING id"""
        )
        # Connections that are open already, so that all look at the same moment.
        await asyncio.gather(*(store.execute("SELECT pg_sleep(0.05)") for _ in range(5)))
        await asyncio.gather(*(runner.adopt() for _ in range(5)))
        await ended(runner, f"jobs/{dead}")
    assert ran == 1


async def test_a_job_that_waits_for_a_process_is_canceled_at_once(store: Postgres) -> None:
    async def forever(subject: str, request: str, progress: Progress) -> str:
        await asyncio.sleep(60)
        return ""

    async with jobs(store) as one:
        async with one.offered("read", forever):
            name = await one.begin(ORDER)
        assert (await one.cancel(name)).state is JobState.CANCELED


async def test_the_same_request_is_the_same_job_another_is_refused(store: Postgres) -> None:
    async def resume(subject: str, request: str, progress: Progress) -> str:
        return request

    async with jobs(store) as runner, runner.offered("read", resume):
        names = await asyncio.gather(*(runner.begin(ORDER) for _ in range(3)))
        assert len(set(names)) == 1
        with pytest.raises(RequestIdReused):
            await runner.begin(replace(ORDER, request="something else"))
        await ended(runner, names[0])
