"""Those who watch a deck while something is done to it, and say afterwards what they saw."""

import asyncio
import contextlib
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from google.protobuf.json_format import MessageToDict, ParseDict
from tests.faults.pace import PATIENCE_S
from tests.instruments import share
from tests.protocols import Fields

from quarterdeck import AsyncClient, AsyncLogWatch
from quarterdeck.api.stream.v1.subscription_pb2 import DELIVERY_ALL
from quarterdeck.api.trading.v1.node_pb2 import NODE_MODE_PAPER
from quarterdeck.api.trading.v1.node_service_pb2 import RegisterNodeRequest
from quarterdeck.api.trading.v1.trading_event_pb2 import LoggedEvent, TradingEvent
from quarterdeck.errors import Unavailable
from quarterdeck.events import Event, Gap, Item, SessionOpened
from quarterdeck.pages import async_pages
from quarterdeck.publishing import Quotes

TRADING = ("fills/*", "orders/*", "positions/*")
QUOTES = "quotes/*"
STRATEGY = "S-1"
INSTRUMENT = "WITNESSED.XNAS"
PAUSE_S = 0.05


async def until(claim: Callable[[], object]) -> None:
    """Wait until a claim holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not claim():
        assert time.monotonic() < deadline, "it did not come true in time"
        await asyncio.sleep(PAUSE_S)


async def answer_that[T](ask: Callable[[], Awaitable[T]], claim: Callable[[T], object]) -> T:
    """Ask until a claim holds for the answer."""
    deadline = time.monotonic() + PATIENCE_S
    while not claim(answer := await ask()):
        assert time.monotonic() < deadline, f"it did not come true in time: {answer}"
        await asyncio.sleep(PAUSE_S)
    return answer


@contextlib.asynccontextmanager
async def meanwhile(work: asyncio.Future[None]) -> AsyncIterator[None]:
    """Let work go on; what goes wrong in it is raised at the end."""
    try:
        yield
    finally:
        if not work.done():
            work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


@dataclass(slots=True)
class Reader:
    """Reads the topics of trading and every quote as a program with the SDK does."""

    client: AsyncClient
    items: list[Item] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)
    heartbeat: timedelta | None = None

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[None]:
        """Read trading and every quote."""
        async with self.watching(*TRADING, QUOTES):
            await self.sees_quotes()
            yield

    @contextlib.asynccontextmanager
    async def watching(self, *topics: str) -> AsyncIterator[None]:
        """Read topics from the moment the block is entered."""
        async with meanwhile(asyncio.ensure_future(self._read(*topics))):
            await until(lambda: any(isinstance(item, SessionOpened) for item in self.items))
            yield

    async def _read(self, *topics: str) -> None:
        async with self.client.watch(
            *topics, delivery=DELIVERY_ALL, heartbeat_interval=self.heartbeat
        ) as watch:
            async for item in watch:
                self.items.append(item)
                if kind_of(item) == "quotes":
                    self.heard_at.append(time.monotonic())

    async def sees_quotes(self) -> None:
        """Wait for a quote that comes after this moment."""
        seen = len(self.items)
        await until(lambda: any(kind_of(item) == "quotes" for item in self.items[seen:]))

    def events(self, topic: str) -> list[Event]:
        return [item for item in self.items if isinstance(item, Event) and item.topic == topic]

    def has_read(self, began: dict[str, int], ended: dict[str, int]) -> bool:
        """Tell whether it came to the end of every topic in which something happened."""
        changed = {topic: last for topic, last in ended.items() if last > began.get(topic, 0)}
        return all(self._last(topic) >= last for topic, last in changed.items())

    def is_beyond(self, topic: str, place: tuple[int, int]) -> bool:
        """Tell whether it came as far as an epoch and a sequence number of a topic."""
        return any((e.epoch, e.sequence + e.row_count - 1) >= place for e in self.events(topic))

    def _last(self, topic: str) -> int:
        return max((event.sequence for event in self.events(topic)), default=0)

    def quoted(self) -> set[str]:
        return {item.topic for item in self.items if kind_of(item) == "quotes"}

    def breaks(self, topic: str) -> Iterator[Event]:
        """Where something is missing or comes twice although no gap was announced."""
        expected: tuple[int, int] | None = None
        for item in self.items:
            if isinstance(item, Gap) and item.topic == topic:
                expected = None
            elif isinstance(item, Event) and item.topic == topic:
                if expected not in {None, (item.epoch, item.sequence)}:
                    yield item
                expected = (item.epoch, item.sequence + item.row_count)


@dataclass(slots=True)
class Follower:
    """Follows the whole trading log as a program with the SDK does."""

    watch: AsyncLogWatch
    events: list[LoggedEvent] = field(default_factory=list)

    @contextlib.asynccontextmanager
    async def following(self) -> AsyncIterator[None]:
        """Follow what is recorded from the moment the block is entered."""
        async with self.watch, meanwhile(asyncio.ensure_future(self._follow())):
            await until(lambda: self.watch.cursor is not None)
            yield

    async def _follow(self) -> None:
        async for event in self.watch:
            self.events.append(event)

    def has_seen(self, event_id: str) -> bool:
        return any(one.event.event_id == event_id for one in reversed(self.events))


def longest_pause(moments: Sequence[float]) -> float:
    """Return how long it took at most from one moment to the next."""
    return max((later - earlier for earlier, later in itertools.pairwise(moments)), default=0.0)


def kind_of(item: Item) -> str:
    return item.kind if isinstance(item, Event) else ""


@dataclass(slots=True)
class Recorder:
    """Records an order and its fill again and again, and sends again what was not answered."""

    client: AsyncClient
    instrument: str = INSTRUMENT
    name: str = field(default_factory=lambda: f"w{uuid.uuid4().hex[:12]}")
    sides: Sequence[str] = ("ORDER_SIDE_BUY",)
    """The sides of its orders, in turn."""
    acknowledged: list[str] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def node(self) -> str:
        return f"nodes/{self.name}"

    @property
    def account(self) -> str:
        return f"ACC-{self.name}"

    async def begin(self) -> None:
        """Register the node and its account, and what it trades."""
        await self.client.instruments.upsert_instrument(instrument=share(self.instrument))
        opening = [{"currency": "USD", "total": {"value": "100000"}}]
        account = {"account": self.account, "baseCurrency": "USD", "openingBalances": opening}
        node = ParseDict({"accounts": [account]}, RegisterNodeRequest())
        await self.client.nodes.register_node(
            node_id=self.name,
            mode=NODE_MODE_PAPER,
            engine_version="1.231.0",
            accounts=node.accounts,
            strategies=[STRATEGY],
        )

    @contextlib.asynccontextmanager
    async def recording(self) -> AsyncIterator[None]:
        await self.begin()
        async with meanwhile(asyncio.ensure_future(self._record())):
            await self.records()
            yield

    async def _record(self) -> None:
        while True:
            await self.record_one()
            await asyncio.sleep(PAUSE_S)

    async def record_one(self) -> None:
        """Record an order and its fill; asks again until it is acknowledged."""
        number = f"{next(self._numbers)}"
        events = self.events(number)
        while True:
            with contextlib.suppress(Unavailable):
                await self.client.trading.record_events(node=self.node, events=events, timeout=2)
                break
        self.acknowledged.append(number)
        self.answered_at.append(time.monotonic())

    async def records(self) -> None:
        """Wait until something begun after this moment is acknowledged."""
        seen = len(self.acknowledged)
        await until(lambda: len(self.acknowledged) > seen + 1)

    def event_ids(self, number: str) -> list[str]:
        """How the order of a number and its fill are called in the log."""
        return [event.event_id for event in self.events(number)]

    def events(self, number: str, price: str = "100.25") -> list[TradingEvent]:
        """Tell of an order and its fill."""
        return [ParseDict(event, TradingEvent()) for event in self._events(number, price)]

    def _events(self, number: str, paid_price: str) -> Iterator[Fields]:
        one: Fields = {"value": "1"}
        trade: Fields = {
            "clientOrderId": f"O-{number}",
            "instrument": self.instrument,
            "side": self.sides[int(number) % len(self.sides)],
            "quantity": one,
        }
        order = {**trade, "status": "ORDER_STATUS_ACCEPTED", "orderType": "ORDER_TYPE_MARKET"}
        price: Fields = {"value": paid_price}
        paid = {"price": price, "fee": one, "feeCurrency": "USD"}
        fill = {**trade, "tradeId": f"T-{number}", **paid}
        for kind, what in (("order", order), ("fill", fill)):
            yield {
                "eventId": f"{self.name}-{kind}-{number}",
                "eventTime": "2012-01-03T15:00:00Z",
                "account": self.account,
                "strategy": STRATEGY,
                kind: what,
            }

    async def orders(self) -> list[str]:
        """The orders that the deck knows, by number."""
        pages = async_pages(self.client.trading.list_orders, account=self.account, page_size=1000)
        return [o.client_order_id[2:] async for page in pages for o in page.orders]

    async def fills(self) -> list[str]:
        """The fills that the deck knows, by number."""
        pages = async_pages(self.client.trading.list_fills, account=self.account, page_size=1000)
        return [f.trade_id[2:] async for page in pages for f in page.fills]


async def portfolio(client: AsyncClient, account: str) -> Fields:
    """What an account holds and earned, without when it was asked."""
    answer = await client.portfolio.get_portfolio(account=account)
    return MessageToDict(answer.portfolio)


async def quiet_account(client: AsyncClient) -> str:
    """Make an account that holds something at a profit and trades no more."""
    owner = Recorder(client, instrument="QUIET.XNAS")
    await owner.begin()
    await owner.record_one()
    price = Quotes(
        instrument=owner.instrument,
        price_precision=2,
        size_precision=0,
        event_time_ns=[time.time_ns()],
        bid_price=[110.5],
        ask_price=[110.5],
        bid_size=[1],
        ask_size=[1],
    )
    await client.publish(quotes=[price])
    await answer_that(
        lambda: client.portfolio.get_portfolio(account=owner.account),
        lambda answer: list(answer.portfolio.positions.has_mark) == [True],
    )
    return owner.account


async def log(client: AsyncClient, topic: str, last: int) -> list[int]:
    """The sequence numbers that a durable topic has in the log, up to one."""
    found: list[int] = []
    while not found or found[-1] < last:
        answer = await client.trading.list_topic_records(
            topic=topic, after_sequence=len(found), page_size=1000
        )
        assert answer.records
        found += [record.sequence for record in answer.records]
    return found[:last]


async def heads(client: AsyncClient) -> dict[str, int]:
    """The newest sequence number of each topic of trading."""
    found: dict[str, int] = {}
    for pattern in TRADING:
        answer = await client.stream.list_topics(prefix=pattern.removesuffix("*"))
        found |= {topic.topic: topic.sequence for topic in answer.topics}
    return found
