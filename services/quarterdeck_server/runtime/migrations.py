"""Schema changes: plain SQL files in order, each applied once, one process at a time.

``engine/<engine>.sql`` comes first and again whenever it changes; the numbered files are applied in
order and never change afterwards. A file that was edited, removed or slipped in is refused.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from quarterdeck_server.runtime.postgres import AWAY, PostgresUnavailable

type Connection = asyncpg.Connection[asyncpg.Record]

LOCK = 0x71756172746572  # "quarter": the same for every process that migrates
HISTORY = """
CREATE TABLE IF NOT EXISTS public.schema_migration (
  name text PRIMARY KEY,
  sha256 bytea NOT NULL,
  engine text NOT NULL,
  apply_time timestamptz NOT NULL DEFAULT now()
)"""
RECORD = """
INSERT INTO public.schema_migration (name, sha256, engine) VALUES ($1, $2, $3)
ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256, apply_time = now()"""


class MigrationError(Exception):
    """The database and the files do not belong together."""


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    sql: str

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.sql.encode()).digest()

    @property
    def repeatable(self) -> bool:
        return self.name.startswith("engine/")


def schema_folder() -> Path:
    """Return where the SQL files lie: inside the installed package, else in the repository."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "schema"
    return installed if installed.is_dir() else package.parent.parent / "schema"


async def migrate(dsn: str, folder: Path | None = None) -> list[str]:
    """Bring the database up to date and return the names of the files applied."""
    try:
        connection = await asyncpg.connect(dsn, timeout=10)
    except AWAY as error:
        raise PostgresUnavailable(error) from error
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", LOCK)
        return await _apply(connection, folder or schema_folder())
    finally:
        await connection.close()


async def _apply(connection: Connection, folder: Path) -> list[str]:
    await connection.execute("SET client_min_messages = warning")
    await connection.execute(HISTORY)
    engine = await _engine(connection)
    files = _files(folder, engine)
    known = {
        row["name"]: row for row in await connection.fetch("SELECT * FROM public.schema_migration")
    }
    _refuse_strangers(files, known, engine)
    applied = []
    for file in files:
        if _is_due(file, known):
            async with connection.transaction():
                await _run(connection, file)
                await connection.execute(RECORD, file.name, file.digest, engine)
            applied.append(file.name)
    return applied


async def _run(connection: Connection, file: _File) -> None:
    try:
        await connection.execute(file.sql)
    except asyncpg.PostgresError as error:
        raise MigrationError(f"{file.name} cannot be applied: {error}") from error


async def _engine(connection: Connection) -> str:
    """Tell TimescaleDB with its full licence from PostgreSQL alone."""
    available = await connection.fetchval(
        "SELECT count(*) FROM pg_available_extensions WHERE name = 'timescaledb'"
    )
    loaded = "timescaledb" in await connection.fetchval("SHOW shared_preload_libraries")
    if not (available and loaded):
        return "postgres"
    await connection.execute("CREATE EXTENSION IF NOT EXISTS timescaledb")
    licence = await connection.fetchval("SHOW timescaledb.license")
    return "timescale" if licence == "timescale" else "postgres"


def _files(folder: Path, engine: str) -> list[_File]:
    paths = [folder / "engine" / f"{engine}.sql", *sorted(folder.glob("[0-9]*.sql"))]
    return [_File(path.relative_to(folder).as_posix(), path.read_text()) for path in paths]


def _refuse_strangers(files: list[_File], known: dict[str, asyncpg.Record], engine: str) -> None:
    if made_with := {row["engine"] for row in known.values()} - {engine}:
        message = f"the database was made with {made_with.pop()}, the server now offers {engine}"
        raise MigrationError(f"{message}: dump and restore it")
    if gone := known.keys() - {file.name for file in files}:
        raise MigrationError(f"applied, but missing on disk: {', '.join(sorted(gone))}")


def _is_due(file: _File, known: dict[str, asyncpg.Record]) -> bool:
    row = known.get(file.name)
    if row is not None:
        if row["sha256"] != file.digest and not file.repeatable:
            raise MigrationError(f"{file.name} was edited after it was applied")
        return bool(row["sha256"] != file.digest)
    newest = max((name for name in known if not name.startswith("engine/")), default="")
    if not file.repeatable and file.name < newest:
        raise MigrationError(f"{file.name} sorts before {newest}, which is applied already")
    return True
