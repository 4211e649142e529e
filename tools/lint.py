"""Check style, types and laws, and beside them contracts, generated code and the web clients.

``python tools/lint.py [step …]`` does these steps of the web clients, ``lint`` alone unless told
otherwise. What a command says is shown in one piece when it ends. Runs on Python 3.9 and later.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ".venv/bin"
PYTHON = (
    f"{TOOLS}/ruff check",
    f"{TOOLS}/ruff format --check",
    f"{TOOLS}/mypy",
    f"{TOOLS}/lint-imports",
)
CONTRACTS = (
    f"{TOOLS}/buf lint",
    f"{TOOLS}/python tools/breaking.py",
    ".tools/generate/bin/python tools/generate.py --check",
)


def web(step: str) -> str:
    """Return the command of a step of the web clients."""
    return f"{shlex.quote(sys.executable)} tools/web.py {step}"


def succeeds(command: str) -> bool:
    """Run a command, and show it with what it said."""
    done = subprocess.run(
        shlex.split(command),
        cwd=str(ROOT),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    sys.stdout.buffer.write(f"{command}\n".encode() + done.stdout)
    sys.stdout.buffer.flush()
    return done.returncode == 0


def all_succeed(commands: tuple[str, ...]) -> bool:
    """Run commands one after another, up to the first that fails."""
    return all(map(succeeds, commands))


def main() -> int:
    """Run what is to be checked, two commands at a time."""
    steps = sys.argv[1:] or ["lint"]
    if not succeeds(web("install")):
        return 1
    chains = (PYTHON, (*CONTRACTS, *map(web, steps)))
    with ThreadPoolExecutor(len(chains)) as pool:
        return int(not all(list(pool.map(all_succeed, chains))))


if __name__ == "__main__":
    sys.exit(main())
