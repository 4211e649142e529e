"""`quarterdeck doctor`: says what this machine lacks to run the suite, and how to get it."""

import asyncio
import platform
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from quarterdeck_server.embedded import binaries
from quarterdeck_server.embedded.addresses import EDGE_PORT
from quarterdeck_server.embedded.assets import find_assets
from quarterdeck_server.embedded.environment import FOREIGN
from quarterdeck_server.embedded.errors import EmbeddedError
from quarterdeck_server.embedded.identity import server_identity
from quarterdeck_server.embedded.ports import holder_of, is_free
from quarterdeck_server.embedded.process import run

PYTHON = (3, 13)
GLIBC = (2, 35)
"""What the wheels of the servers and of NautilusTrader were built for."""
NODE = (20, 19)
FREE_BYTES = 2 * 1024**3
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    needed_for: str = "running"


type Check = Callable[[Path], Awaitable[Finding]]


async def python(_state: Path) -> Finding:
    """Look at the interpreter."""
    found = platform.python_version()
    remedy = "`make run` makes an environment with Python 3.13"
    return Finding("python", sys.version_info[:2] >= PYTHON, found, remedy)


async def operating_system(_state: Path) -> Finding:
    """Look at the system and its C library."""
    library, version = platform.libc_ver()
    numbers = tuple(int(part) for part in version.split(".") if part.isdigit())
    ok = sys.platform == "linux" and library == "glibc" and numbers >= GLIBC
    remedy = "use Linux with glibc 2.35 or later (Debian 12, Ubuntu 22.04), or the container image"
    return Finding("system", ok, f"{sys.platform}, {library or 'no glibc'} {version}", remedy)


async def account(_state: Path) -> Finding:
    """Look for somebody whom PostgreSQL can run as."""
    try:
        identity = server_identity()
    except EmbeddedError as failure:
        return Finding("account", ok=False, detail="root only", remedy=str(failure))
    return Finding("account", ok=True, detail=f"user {identity.user}" if identity else "yours")


def program(name: str, find: Callable[[], Path]) -> Check:
    """Make the check that a wheel's program is there and executes."""

    async def check(_state: Path) -> Finding:
        try:
            answer = await run([str(find()), "--version"], FOREIGN)
        except EmbeddedError as failure:
            remedy = "`make run` installs it; a file system mounted noexec cannot hold it"
            return Finding(name, ok=False, detail=str(failure), remedy=remedy)
        return Finding(name, ok=True, detail=answer.strip().splitlines()[-1])

    return check


async def node_js(_state: Path) -> Finding:
    """Look for what builds the dashboard."""
    found = shutil.which("node")
    version = (await run([found, "--version"], FOREIGN)).strip() if found else "absent"
    numbers = tuple(int(part) for part in version.lstrip("v").split(".") if part.isdigit())
    remedy = "nothing: `make run` brings one in a wheel; or install Node 20.19 or later"
    return Finding("node", numbers >= NODE, version, remedy, "building the dashboard")


async def web(_state: Path) -> Finding:
    """Look for the built dashboard."""
    assets = find_assets()
    return Finding("dashboard", assets.web_is_built, str(assets.web), "`make run` builds it")


async def browser(_state: Path) -> Finding:
    """Look for what the browser tests drive."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    remedy = "apt-get install -y chromium"
    return Finding("browser", found is not None, found or "absent", remedy, "the browser tests")


async def disk(state: Path) -> Finding:
    """Look at the space for data."""
    folder = next(place for place in (state, *state.parents) if place.exists())
    free = shutil.disk_usage(folder).free
    detail = f"{free / 1024**3:.1f} GiB free in {folder}"
    return Finding("disk", free >= FREE_BYTES, detail, "free 2 GiB, or choose QUARTERDECK_DATA_DIR")


async def port(_state: Path) -> Finding:
    """Look at the address the dashboard prefers."""
    if is_free(EDGE_PORT):
        return Finding("port", ok=True, detail=f"{EDGE_PORT} is free")
    detail = f"{EDGE_PORT} is taken by {holder_of(EDGE_PORT)}"
    remedy = "nothing: another port is chosen, unless QUARTERDECK_EDGE__PORT asks for this one"
    return Finding("port", ok=False, detail=detail, remedy=remedy, needed_for="the usual address")


CHECKS: tuple[Check, ...] = (
    python,
    operating_system,
    account,
    program("postgres", lambda: binaries.postgres_root() / "bin" / "postgres"),
    program("valkey", binaries.valkey_server),
    program("envoy", binaries.envoy),
    node_js,
    web,
    browser,
    disk,
    port,
)


async def examine(state: Path, checks: tuple[Check, ...] = CHECKS) -> list[Finding]:
    """Look at everything."""
    return list(await asyncio.gather(*(check(state) for check in checks)))


def report(findings: list[Finding]) -> list[str]:
    """Say what was found, one line each, and below what is missing how to get it."""
    lines = []
    for finding in findings:
        lines.append(f"{'ok' if finding.ok else 'missing':8} {finding.name:10} {finding.detail}")
        if not finding.ok:
            lines.append(f"{'':19} for {finding.needed_for}: {finding.remedy}")
    return lines


def exit_code(findings: list[Finding]) -> int:
    """Answer 0 when the suite can run, 1 when it cannot."""
    return int(any(not f.ok and f.needed_for == "running" for f in findings))
