"""A stream worker as a process of its own: ``worker_program.py <redis> <stream key> <port>``."""

import asyncio
import signal
import sys

from tests.integration.stream.served import served

from quarterdeck_server.runtime.bus import redis_bus
from quarterdeck_server.settings import RedisSettings, Settings


async def main(url: str, key: str, port: str, trading: str) -> None:
    """Serve until told to stop."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    settings = Settings(peers={"trading": trading})
    async with (
        redis_bus(url, RedisSettings(stream=key)) as bus,
        served(bus, settings, listen=f"127.0.0.1:{port}") as deck,
    ):
        print(f"ready {deck.address}", flush=True)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
