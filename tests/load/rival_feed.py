"""Publishes JSON events of about 100 bytes for the rivals, to Redis or to NATS.

Run as ``python -m tests.load.rival_feed --to redis --rate 1000 --batch 1``, with REDIS_URL or
NATS_PORT set. Obeys "measure" and "report" on its input, as ``tests.load.feed`` does.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence

import uvloop
from redis import asyncio as redis
from tests.load.feed import TICK_S, obey, topic

CHANNEL = "load"
TOPICS = 10

type Send = Callable[[Sequence[bytes]], Awaitable[None]]


class Feed:
    """Publishes at a rate, ``batch`` events a message; catches up when it was late."""

    def __init__(self, rate: int, batch: int) -> None:
        self.sent = 0
        self._rate, self._batch = rate, batch

    async def run(self, send: Send) -> None:
        """Publish until cancelled."""
        started = time.monotonic()
        while True:
            due = int((time.monotonic() - started) * self._rate)
            due -= (due - self.sent) % self._batch
            if due > self.sent:
                await send([self._message(n) for n in range(self.sent, due, self._batch)])
                self.sent = due
            await asyncio.sleep(TICK_S)

    def _message(self, first: int) -> bytes:
        events = [_event(number) for number in range(first, first + self._batch)]
        return json.dumps(events if self._batch > 1 else events[0]).encode()


def _event(number: int) -> dict[str, object]:
    return {
        "topic": topic(number % TOPICS),
        "sequence": number // TOPICS + 1,
        "time_ns": time.time_ns(),
        "bid": 10_000.00,
        "ask": 10_000.01,
    }


async def to_redis() -> Send:
    """Publish on a channel, many messages a round trip."""
    client = redis.Redis.from_url(os.environ["REDIS_URL"])

    async def send(messages: Sequence[bytes]) -> None:
        pipeline = client.pipeline(transaction=False)
        for message in messages:
            pipeline.publish(CHANNEL, message)
        await pipeline.execute()

    return send


async def to_nats() -> Send:
    """Publish on a subject; the protocol is lines of text."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ["NATS_PORT"]))
    writer.write(b'CONNECT {"verbose":false}\r\n')

    async def answer_pings() -> None:
        while line := await reader.readline():
            if line.startswith(b"PING"):
                writer.write(b"PONG\r\n")

    task = asyncio.create_task(answer_pings())

    async def send(messages: Sequence[bytes]) -> None:
        assert not task.done()
        writer.writelines(b"PUB %s %d\r\n%s\r\n" % (CHANNEL.encode(), len(m), m) for m in messages)
        await writer.drain()

    return send


async def main() -> None:
    """Publish and obey."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--to", choices=["redis", "nats"], required=True)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--batch", type=int, default=1)
    options = parser.parse_args()
    feed = Feed(options.rate, options.batch)
    send = await (to_redis() if options.to == "redis" else to_nats())
    publishing = asyncio.create_task(feed.run(send))
    obeying = asyncio.create_task(obey(feed))
    await asyncio.wait([publishing, obeying], return_when=asyncio.FIRST_COMPLETED)
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=True)


if __name__ == "__main__":
    uvloop.run(main())
