"""Anything may arrive, and anything may break: the feed goes on, or ends and says why."""

import asyncio
import random
import time
from contextlib import suppress
from datetime import timedelta

from tests.integration.ibkr.reading import Reader, running, until

from quarterdeck_server.adapters.ibkr.source import IbkrSource
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.marketdata.domain.source import LiveOptions
from quarterdeck_server.runtime.clock import SystemClock

FIELDS = (
    *("", "0", "1", "-1", "3", "48", "49", "66", "150.01", "x", "\x01", "é", ";;;;"),
    *("nan", "inf", "1.7976931348623157e+308", "99999999999999999999", "1767625200"),
    "150;5;1767625200000;1;1;true",
)
# Messages to the client, but for errors, which may end a subscription.
MESSAGES = (1, 2, 3, 5, 7, 9, 10, 11, 12, 13, 17, 45, 46, 49, 50, 52, 59, 61, 73, 81, 99, 200, "x")
EVERYTHING = {"trades": True, "bar_interval": "5s", "book_depth": 3}
NAMES = ("AAPL.XNAS", "MSFT.XNAS")


async def test_random_messages_never_end_the_feed(tws, source):
    """1,000 messages with random fields; a trade that is right is published after them."""
    rows = random.Random()
    async with running(source, *NAMES, **EVERYTHING) as reader:
        numbers = [str(number) for session in tws.sessions for number in session.subscribed]
        for count in range(1_000):
            length = rows.randrange(14)
            tws.send(rows.choice(MESSAGES), *rows.choices([*FIELDS, *numbers * 4], k=length))
            if count % 20 == 0:
                await asyncio.sleep(0)
        tws.trade("AAPL", 1_234.5, 7, int(time.time()))
        await until(lambda: any(12_345_000 in each.price for each in reader.of("trades/AAPL")))
        assert not reader.task.done()


async def play(source: IbkrSource, reader: Reader, failures: list[str]) -> None:
    """Run a source as the deck does: connect again whenever it fails."""
    while True:
        try:
            feed = await source.connect(LiveOptions(NAMES, **EVERYTHING))
            try:
                described = {each.instrument: each for each in feed.instruments}
                await feed.run(reader, described)
            finally:
                await feed.close()
        except QuarterdeckError as error:
            failures.append(str(error))
        await asyncio.sleep(0.01)


async def strike(tws, kind: str) -> None:
    """Let one thing go wrong, and be right again."""
    if kind == "restart":
        await tws.stop()
        await asyncio.sleep(0.02)
        await tws.start()
    elif kind == "silence":
        tws.is_silent = True
        await asyncio.sleep(0.3)
        tws.is_silent = False
        await tws.drop()
    elif kind == "outage":
        tws.say(1100, "lost")
        await asyncio.sleep(0.01)
        for session in tws.sessions:
            session.subscribed.clear()
        tws.say(1101, "restored, data lost")
    else:
        await tws.drop()


async def test_after_any_faults_everything_is_subscribed_and_flows(tws, settings):
    seed = random.randrange(10**9)
    print("seed", seed)
    brief = timedelta(seconds=0.1)
    settings = settings.model_copy(update={"probe_after": brief, "answer_timeout": brief})
    reader, failures, rows = Reader(), [], random.Random(seed)
    playing = asyncio.create_task(play(IbkrSource(settings, SystemClock()), reader, failures))
    for _ in range(6):
        await asyncio.sleep(rows.random() * 0.05)
        await strike(tws, rows.choice(["restart", "silence", "outage", "drop"]))
    await until(lambda: len(tws.subscriptions()) == 8 and len(tws.sessions) == 1)
    reader.batches.clear()

    def flows() -> bool:
        for symbol in ("AAPL", "MSFT"):
            tws.quote(symbol, 150.0, 150.0 + rows.random())
        return all(reader.of(f"quotes/{name}") for name in NAMES)

    await until(flows)
    playing.cancel()
    with suppress(asyncio.CancelledError):
        await playing
    assert tws.orders_placed == 0
