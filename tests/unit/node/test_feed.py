"""The feed follows what is wanted, and counts what came and what was lost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from quarterdeck import Disconnected, Event, Gap, Item, SessionOpened, Skipped, Unavailable
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck_node import feed as feeds
from quarterdeck_node.feed import Feed

QUOTE = Event("quotes/A.X", "quotes", 1, 1, 3, 0, QuoteBatch(instrument="A.X"))


class Stream:
    """A deck with one stream, which says what the test puts in."""

    def __init__(self) -> None:
        self.items: asyncio.Queue[Item] = asyncio.Queue()
        self.opened: list[set[str]] = []
        self.added: list[str] = []
        self.removed: list[str] = []

    @asynccontextmanager
    async def _open(self) -> AsyncIterator["Stream"]:
        yield self

    def watch(self, *topics: str, **_: object) -> Any:
        self.opened.append(set(topics))
        return self._open()

    def __aiter__(self) -> "Stream":
        return self

    async def __anext__(self) -> Item:
        item = await self.items.get()
        self.items.task_done()
        return item

    async def subscribe(self, *topics: str, **_: object) -> None:
        self.added += topics

    async def unsubscribe(self, *topics: str) -> None:
        self.removed += topics


@pytest.fixture
async def stream() -> Stream:
    return Stream()


@pytest.fixture
async def feed(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Feed]:
    monkeypatch.setattr(feeds, "GATHERING", 0.01)
    client: Any = stream
    made = Feed(client, lambda _: None)
    task = asyncio.create_task(made.run())
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def said(stream: Stream, *items: Item) -> None:
    for item in items:
        stream.items.put_nowait(item)
    await asyncio.wait_for(stream.items.join(), 5)
    await asyncio.sleep(0)


async def until(holds: Any) -> None:
    async with asyncio.timeout(5):
        while not holds():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


async def test_what_is_wanted_at_the_start_is_one_stream(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    feed.want("quotes/B.X")
    await until(lambda: stream.opened)
    assert stream.opened == [{"quotes/A.X", "quotes/B.X"}]


async def test_an_open_stream_follows_what_is_wanted(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    await said(stream, SessionOpened())
    feed.want("quotes/B.X")
    feed.drop("quotes/A.X")
    await until(lambda: stream.removed)
    assert (stream.added, stream.removed) == (["quotes/B.X"], ["quotes/A.X"])


async def test_a_topic_wanted_twice_stays_until_both_drop_it(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    feed.want("quotes/A.X")
    await said(stream, SessionOpened())
    feed.drop("quotes/A.X")
    feed.want("quotes/B.X")
    await until(lambda: stream.added)
    assert stream.removed == []


async def test_rows_are_counted_not_batches(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    await said(stream, SessionOpened(), QUOTE, QUOTE)
    assert feed.received_rows == 6


async def test_what_is_announced_as_lost_is_counted(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    gap = Gap(topic="quotes/A.X", first_lost_sequence=5, last_lost_sequence=9)
    await said(stream, SessionOpened(), gap, Skipped(topic="quotes/A.X", count=3))
    assert feed.lost_rows == 8


async def test_a_change_of_epoch_counts_as_a_loss(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    await said(stream, SessionOpened(), Gap(topic="quotes/A.X", epoch=2))
    assert feed.lost_rows == 1


async def test_a_broken_stream_shows_until_it_is_open_again(stream: Stream, feed: Feed) -> None:
    feed.want("quotes/A.X")
    await said(stream, SessionOpened(), Disconnected(Unavailable("away"), 0.0, 0.1, 1))
    assert not feed.is_connected
    await said(stream, SessionOpened())
    assert feed.is_connected
