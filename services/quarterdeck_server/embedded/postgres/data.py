"""The files of a PostgreSQL server: made once, checked for their version, freed of leftovers."""

import shutil
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from signal import SIGINT, SIGKILL, SIGQUIT

from quarterdeck_server.embedded.errors import WrongDataVersion
from quarterdeck_server.embedded.postgres.place import Place
from quarterdeck_server.embedded.process import Mark, mark_of, run, send, survivors

INITDB_OPTIONS = (
    *("--encoding", "UTF8"),
    *("--locale-provider", "builtin"),
    *("--builtin-locale", "C.UTF-8"),
    # Only the account of the server enters the folder of the socket.
    *("--auth-local", "trust"),
    *("--auth-host", "scram-sha-256"),
    "--data-checksums",
)
FORCE = (
    (SIGINT, timedelta(seconds=10)),
    (SIGQUIT, timedelta(seconds=2)),
    (SIGKILL, timedelta(seconds=5)),
)
"""A server's ways to end: rolled back and flushed; at once, to be recovered; killed."""


async def ensure_data(place: Place, role: str, environment: Mapping[str, str]) -> None:
    """Make the data folder when there is none; fails with WrongDataVersion."""
    version_file = place.data / "PG_VERSION"
    if not version_file.exists():
        await _create(place, role, environment)
        return
    found = version_file.read_text(encoding="ascii").strip()
    wanted = await server_major(place, environment)
    if found != wanted:
        raise WrongDataVersion(place.data, found, wanted)


async def server_major(place: Place, environment: Mapping[str, str]) -> str:
    """Ask the server program for its major version."""
    answer = await run([place.program("postgres"), "--version"], environment, place.identity)
    return answer.split()[-1].partition(".")[0]


async def _create(place: Place, role: str, environment: Mapping[str, str]) -> None:
    draft = place.home / "data.draft"
    # A start that was killed in the middle leaves one that looks complete.
    shutil.rmtree(draft, ignore_errors=True)
    argv = [place.program("initdb"), "--pgdata", str(draft), "--username", role, *INITDB_OPTIONS]
    await run(argv, environment, place.identity)
    draft.rename(place.data)


async def remove_leftovers(place: Place) -> None:
    """End what is left of a killed server of these files, and drop the files that name it."""
    servers = list(servers_on(place.data))
    for number, patience in FORCE:
        for mark in servers:
            send(mark, number)
        servers = await survivors(servers, patience)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    for lock in place.sockets.glob(".s.PGSQL.*.lock"):
        lock.unlink()


def servers_on(data: Path) -> Iterator[Mark]:
    """Find the processes of the server of a data folder: PostgreSQL works inside its folder."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            program = (folder / "cmdline").read_bytes().split(b"\0")[0]
            inside = (folder / "cwd").readlink() == data
        except OSError:
            continue
        ours = inside and (program.startswith(b"postgres:") or program.endswith(b"/postgres"))
        if ours and (mark := mark_of(int(folder.name))):
            yield mark
