"""A small deck, and real nodes as processes of their own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from tests.integration.node.deck import INSTRUMENT, TestDeck

EXAMPLE = "quarterdeck_node.strategies.ema_cross"
STRATEGY = {
    "strategy": f"{EXAMPLE}:EmaCross",
    "config": f"{EXAMPLE}:EmaCrossConfig",
    "parameters": {
        "instrument_id": INSTRUMENT,
        "order_id_tag": "001",
        "interval_minutes": 10,
        "fast": 2,
        "slow": 4,
    },
}


async def until(holds: Callable[[], bool], what: str, seconds: float = 40.0) -> None:
    """Wait for something, for so long."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not holds():
        assert asyncio.get_running_loop().time() < deadline, f"never: {what}"
        await asyncio.sleep(0.02)


@pytest.fixture
async def deck() -> AsyncIterator[TestDeck]:
    served = TestDeck()
    server = await served.start()
    yield served
    await server.stop(0)


class Runner:
    """Starts programs, and ends those that are left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.processes: list[asyncio.subprocess.Process] = []

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        log = (self.folder / "node.log").open("ab")
        with log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *arguments,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )
        self.processes.append(process)
        return process

    def log(self) -> str:
        return (self.folder / "node.log").read_text()

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


@pytest.fixture
async def runner(tmp_path: Path) -> AsyncIterator[Runner]:
    made = Runner(tmp_path)
    yield made
    await made.end()


@pytest.fixture
def configuration(deck: TestDeck, tmp_path: Path, servers: Any) -> Path:
    file = tmp_path / "node.json"
    told = {
        "node": "test",
        "account": "SIM-001",
        "address": deck.address,
        "api_key": "key",
        "state_folder": str(tmp_path / "state"),
        "redis_url": servers.redis_url,
        "trader": f"TEST-{os.getpid()}{abs(hash(tmp_path)) % 10_000}",
        "strategies": [STRATEGY],
    }
    file.write_text(json.dumps(told))
    return file
