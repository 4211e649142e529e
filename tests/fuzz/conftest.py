"""A whole deck in a process of its own, to be sent anything."""

import asyncio
import os
import tempfile
from collections.abc import Generator
from pathlib import Path

import asyncpg
import grpc
import pytest
from tests.conftest import Servers
from tests.faults.server import Server
from tests.faults.strangers import token_of
from tests.faults.witnesses import Recorder
from tests.house import close_after, keep_together, stack_of
from tests.rpcs import Rpc

HERE = Path(__file__).parent
INSTRUMENT, NODE, ACCOUNT = "AAPL.XNAS", "nodes/demo", "ACC-demo"
"""What exists."""
WAIT_S = 0.15
"""A stream that has nothing to say has accepted what it was asked."""


class Target:
    """A running process, and how it is sent bytes."""

    def __init__(self, address: str, token: str) -> None:
        self._channel = grpc.insecure_channel(address)
        self._metadata = (("authorization", f"Bearer {token}"),)

    def send(self, rpc: Rpc, data: bytes) -> grpc.StatusCode:
        """Call an rpc with bytes, and return how it ended."""
        try:
            self.call(rpc, data)
        except grpc.RpcError as error:
            return error.code()
        return grpc.StatusCode.OK

    def call(self, rpc: Rpc, data: bytes) -> bytes:
        """Call an rpc with bytes, and return what it answers first."""
        options = {"metadata": self._metadata, "timeout": WAIT_S if rpc.streams else 10}
        if rpc.method.client_streaming:
            return bytes(self._channel.stream_unary(rpc.path)(iter([data]), **options))
        if rpc.streams:
            answers = self._channel.unary_stream(rpc.path)(data, **options)
            first = next(answers, b"")
            answers.cancel()
            return bytes(first)
        return bytes(self._channel.unary_unary(rpc.path)(data, **options))

    def close(self) -> None:
        self._channel.close()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep these tests together in any order of the others, since they share a process."""
    keep_together(items, HERE)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> Generator[None]:
    """Stop the process after the last of these tests."""
    yield
    close_after(item, nextitem, HERE)


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest, servers: Servers, template: str) -> Target:
    """Every area in one process."""
    name = f"fuzz_{os.getpid()}"
    stack = stack_of(request.config, HERE)
    asyncio.run(make_database(servers.dsn, name, template))
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fuzz-")))
    where = {"DATABASE_URL": servers.database(name), "REDIS_URL": servers.redis_url}
    bounds = {
        "QUARTERDECK_REDIS__STREAM": name,
        "QUARTERDECK_STREAM__OPENS_PER_MINUTE": "1000000",
    }
    server = Server(folder, where | bounds)
    server.start()
    stack.callback(server.end)
    made = Target(server.address, asyncio.run(begin(server)))
    stack.callback(made.close)
    return made


async def make_database(dsn: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    await connection.close()


async def begin(server: Server) -> str:
    """Make what requests may name, and return the token to call with."""
    async with server.client() as client:
        recorder = Recorder(client, instrument=INSTRUMENT, name=NODE.removeprefix("nodes/"))
        await recorder.begin()
        return await token_of(client)
