"""Migrations on a real PostgreSQL."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from quarterdeck_server.runtime.migrations import MigrationError, migrate, schema_folder


async def test_a_database_that_is_up_to_date_stays_as_it_is(dsn: str) -> None:
    assert await migrate(dsn) == []


async def test_two_processes_that_migrate_at_once_apply_each_file_once(servers, tmp_path) -> None:
    connection = await asyncpg.connect(servers.dsn)
    await connection.execute("CREATE DATABASE race")
    await connection.close()
    target = servers.database("race")
    first, second = await asyncio.gather(migrate(target), migrate(target))
    assert min(len(first), len(second)) == 0
    assert len(first) + len(second) == len(list(schema_folder().glob("[0-9]*.sql"))) + 1


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for file in [*schema_folder().glob("engine/*.sql"), *schema_folder().glob("[0-9]*.sql")]:
        target = tmp_path / file.relative_to(schema_folder())
        target.parent.mkdir(exist_ok=True)
        target.write_text(file.read_text())
    return tmp_path


async def test_an_edited_file_is_refused(dsn: str, folder: Path) -> None:
    with (folder / "0001_foundation.sql").open("a") as file:
        file.write("-- one word more\n")
    with pytest.raises(MigrationError, match=r"0001_foundation\.sql was edited"):
        await migrate(dsn, folder)


async def test_a_missing_file_is_refused(dsn: str, folder: Path) -> None:
    (folder / "0001_foundation.sql").unlink()
    with pytest.raises(MigrationError, match=r"missing on disk: 0001_foundation\.sql"):
        await migrate(dsn, folder)


async def test_a_file_that_slips_in_is_refused(dsn: str, folder: Path) -> None:
    (folder / "0000_early.sql").write_text("SELECT 1")
    with pytest.raises(MigrationError, match=r"0000_early\.sql sorts before"):
        await migrate(dsn, folder)


async def test_a_file_that_fails_leaves_nothing_behind(dsn: str, folder: Path) -> None:
    (folder / "9999_bad.sql").write_text("CREATE TABLE public.half (a int); SELECT 1/0;")
    with pytest.raises(MigrationError, match=r"9999_bad\.sql cannot be applied: division by zero"):
        await migrate(dsn, folder)
    connection = await asyncpg.connect(dsn)
    assert await connection.fetchval("SELECT to_regclass('public.half')") is None
    await connection.close()
