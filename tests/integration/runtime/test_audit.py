"""The writer of the audit log on a real PostgreSQL."""

import asyncio

from quarterdeck_server.runtime.audit import LONGEST_TEXT, AuditLog, Record, audit_log, record
from quarterdeck_server.runtime.background import background
from quarterdeck_server.runtime.postgres import Postgres


async def actions(store: Postgres) -> list[str]:
    return [row["action"] for row in await store.fetch("SELECT action FROM audit.log ORDER BY id")]


async def subjects(store: Postgres) -> list[str]:
    return [row["subject"] for row in await store.fetch("SELECT subject FROM audit.log")]


async def test_no_subject_keeps_other_records_out_of_the_log(store: Postgres) -> None:
    """A refused caller chooses it freely, also with the one character PostgreSQL refuses."""
    async with background() as work, audit_log(store, work) as audit, asyncio.timeout(5):
        await asyncio.gather(
            audit.add(record("anonymous", "a/Nasty", "principals/\0", outcome="INVALID_ARGUMENT")),
            audit.add(record("principals/ada", "a/Other", "principals/bob", outcome="OK")),
        )
        assert sorted(await actions(store)) == ["a/Nasty", "a/Other"]


async def test_a_subject_of_any_length_takes_little_of_the_log(store: Postgres) -> None:
    async with background() as work, audit_log(store, work) as audit:
        await audit.add(record("anonymous", "a/Long", "x" * 1_000_000, outcome="OK"))
        assert [len(subject) for subject in await subjects(store)] == [LONGEST_TEXT]


async def test_what_cannot_be_written_waits_in_order(store: Postgres) -> None:
    """A write that fails for any reason takes no record with it."""
    async with store.transaction() as connection:
        await connection.execute("ALTER FUNCTION audit.append RENAME TO hidden")
    log = AuditLog(store)
    waiting = [asyncio.create_task(log.add(entry)) for entry in entries("a/One", "a/Two")]
    writer = asyncio.create_task(log.write())
    await asyncio.wait(waiting, timeout=0.2)
    assert not any(task.done() for task in waiting)
    async with store.transaction() as connection:
        await connection.execute("ALTER FUNCTION audit.hidden RENAME TO append")
    await asyncio.gather(*waiting)
    writer.cancel()
    assert await actions(store) == ["a/One", "a/Two"]


async def test_everything_that_waits_is_stored_at_the_end(store: Postgres) -> None:
    async with background() as work, audit_log(store, work) as audit:
        for number in range(1_500):
            audit.count("principals/ada", f"a/Rpc{number}", "OK")
    assert len(await actions(store)) == 1_500


def entries(*names: str) -> list[Record]:
    return [record("principals/ada", name, "", outcome="OK") for name in names]
