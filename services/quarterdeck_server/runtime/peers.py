"""Where the areas that run elsewhere are reached."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import grpc

OPTIONS = [
    ("grpc.keepalive_time_ms", 20_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    # A peer that restarts is tried again within a second, not after grpc's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
]


class Peers:
    """One channel for each address, opened when it is first used."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = addresses
        self.here = ""
        """Where this process serves; known once its port is bound."""
        self._channels: dict[str, grpc.aio.Channel] = {}
        self._closing: set[asyncio.Task[None]] = set()

    def address(self, area: str) -> str:
        """Return where an area is served; the default is this process."""
        return self._addresses.get(area, self.here)

    def channel(self, area: str) -> grpc.aio.Channel:
        """Return the channel to an area."""
        return self.to(self.address(area))

    def to(self, address: str) -> grpc.aio.Channel:
        """Return the channel to an address."""
        if address not in self._channels:
            self._channels[address] = grpc.aio.insecure_channel(address, options=OPTIONS)
        return self._channels[address]

    def forget(self, address: str) -> None:
        """Close the channel to an address at which nobody is expected any more."""
        channel = self._channels.pop(address, None)
        if channel is not None:
            task = asyncio.create_task(channel.close(), name="channel-close")
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close every channel."""
        await asyncio.gather(*self._closing)
        for channel in self._channels.values():
            await channel.close()


@asynccontextmanager
async def peers(addresses: Mapping[str, str]) -> AsyncIterator[Peers]:
    """Offer channels that close with the block."""
    channels = Peers(addresses)
    try:
        yield channels
    finally:
        await channels.close()
