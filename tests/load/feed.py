"""Publishes quotes on the bus, as the market data service does after it checked them.

Run as `python -m tests.load.feed --rate 5000 --topics 10`, with the bus in QUARTERDECK_REDIS__URL.
Obeys "measure" and "report" on its input. A process of its own, so that it never shares a core's
worth of Python with a reader or with the worker.
"""

import argparse
import asyncio
import json
import sys
import time
from contextlib import suppress

import uvloop

from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck_server.runtime.bus import Message, redis_bus
from quarterdeck_server.settings import Settings

TICK_S = 0.002


def instrument(number: int) -> str:
    """Name an instrument of the load."""
    return f"LOAD{number:04d}.XNAS"


def topic(number: int) -> str:
    """Name a topic of the load."""
    return f"quotes/{instrument(number)}"


def payload(number: int) -> bytes:
    """Encode one quote; on the wire it is an event of about 100 bytes."""
    return QuoteBatch(
        instrument=instrument(number),
        price_precision=2,
        size_precision=0,
        event_time_ns=[time.time_ns()],
        bid_price=[1_000_000],
        ask_price=[1_000_001],
        bid_size=[1_000_000],
        ask_size=[1_000_000],
    ).SerializeToString()


class Feed:
    """Publishes in turn on all topics, at a rate; catches up when it was late."""

    def __init__(self, rate: int, topics: int) -> None:
        self.sent = 0
        self._rate = rate
        self._epoch = int(time.time())
        self._topics = [(topic(number), payload(number)) for number in range(topics)]

    async def run(self, url: str) -> None:
        """Publish until cancelled."""
        async with redis_bus(url, Settings().redis) as bus:
            started = time.monotonic()
            while True:
                due = int((time.monotonic() - started) * self._rate)
                if due > self.sent:
                    await bus.publish(self._messages(due))
                await asyncio.sleep(TICK_S)

    def _messages(self, due: int) -> list[Message]:
        now, count = time.time_ns(), len(self._topics)
        messages = []
        for number in range(self.sent, due):
            name, body = self._topics[number % count]
            messages.append(Message(name, self._epoch, number // count + 1, 1, now, body))
        self.sent = due
        return messages


async def obey(feed: Feed) -> None:
    """Answer on the output until the input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    before, since = feed.sent, time.monotonic()
    while line := await reader.readline():
        now = time.monotonic()
        if line.strip() == b"measure":
            before, since = feed.sent, now
        else:
            answer = {"published": feed.sent - before, "seconds": now - since}
            sys.stdout.write(json.dumps(answer) + "\n")
            sys.stdout.flush()


async def main() -> None:
    """Publish and obey."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=1_000)
    parser.add_argument("--topics", type=int, default=10)
    options = parser.parse_args()
    feed = Feed(options.rate, options.topics)
    publishing = asyncio.create_task(feed.run(Settings().bus_url or ""))
    await asyncio.wait(
        [publishing, asyncio.create_task(obey(feed))], return_when=asyncio.FIRST_COMPLETED
    )
    publishing.cancel()
    await asyncio.gather(publishing, return_exceptions=False)


if __name__ == "__main__":
    with suppress(asyncio.CancelledError):
        uvloop.run(main())
