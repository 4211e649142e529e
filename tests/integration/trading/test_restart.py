"""What survives: a stop, a crash, a connection that breaks in the middle."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import pytest
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, Open, deck_on
from tests.integration.trading.test_portfolio import amount, bought, portfolio, profit
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck.api.trading.v1.trading_event_service_pb2 import ListTopicRecordsRequest
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.bus import LocalBus, Message
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.area import Keeper
from quarterdeck_server.trading.store import load


async def traded(deck: Deck) -> None:
    """Longs, shorts, flips and fees in two instruments, at market prices."""
    ada = await deck.client()
    await bought(deck, ada)
    sides = ("SELL", "BUY", "SELL", "SELL", "BUY")
    fills = [
        events.fill(
            quantity=f"{7 * (n + 1)}.5",
            price=f"{100 + n}.37",
            side=side,
            fee="0.35",
            client_order_id=f"O-{n + 2}",
            instrument=("MSFT.XNAS", "AAPL.XNAS")[n % 2],
            at=n,
        )
        for n, side in enumerate(sides)
    ]
    await ada.events.RecordEvents(events.batch(*fills))
    await deck.shared.bus.publish([events.quote("MSFT.XNAS", "88.01", "88.04")])

    async def valued() -> bool:
        return not profit(await portfolio(ada)).unpriced_instruments

    await until(valued)


async def shown(deck: Deck) -> list[bytes]:
    ada = await deck.client()
    average = await portfolio(ada)
    fifo = await portfolio(ada, cost_method=pb.COST_METHOD_FIFO)
    curve = await ada.portfolio.GetEquityCurve(pb.GetEquityCurveRequest(account="SIM-001"))
    return [one.SerializeToString(deterministic=True) for one in (average, fifo, curve)]


async def test_a_restart_shows_the_same_positions_profit_and_equity(open_deck: Open) -> None:
    async with open_deck() as deck:
        await traded(deck)
        deck.area.ticker.flush()
        await deck.area.sampler.close()
        before = await shown(deck)
    async with open_deck() as deck:
        assert await shown(deck) == before


async def test_a_start_without_a_checkpoint_shows_the_same(
    open_deck: Open, store: Postgres
) -> None:
    async with open_deck() as deck:
        await traded(deck)
        await deck.area.sampler.close()
        before = await shown(deck)
    await store.execute("DELETE FROM trading.checkpoint")
    async with open_deck() as deck:
        assert await shown(deck) == before


async def test_a_checkpoint_of_another_version_is_left_aside(
    open_deck: Open, store: Postgres
) -> None:
    async with open_deck() as deck:
        await traded(deck)
        await deck.area.sampler.close()
        before = await shown(deck)
    await store.execute(
        "UPDATE trading.checkpoint SET average = jsonb_set(average, '{version}', '0')"
    )
    async with open_deck() as deck:
        assert await shown(deck) == before


@pytest.mark.parametrize("step", ["lock_head", "write_events", "write_fills", "move_head"])
async def test_a_connection_that_breaks_in_the_middle_leaves_nothing(
    deck: Deck, ada: Client, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from_store = deck.area.recorder.__class__.__module__
    module = __import__(from_store, fromlist=["store"]).store
    original: Callable[..., Awaitable[object]] = getattr(module, step)

    async def broken(connection, *arguments):
        answer = await original(connection, *arguments)
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return answer

    request = events.batch(events.fill())
    with monkeypatch.context() as patched:
        patched.setattr(module, step, broken)
        _, info = await refusal(ada.events.RecordEvents(request))
    assert info.reason == "DEPENDENCY_UNAVAILABLE"
    assert not (await portfolio(ada)).positions.account
    answer = await ada.events.RecordEvents(request)
    assert answer.recorded_count == 1
    assert (await portfolio(ada)).positions.quantity[0] > 0


async def test_a_commit_whose_answer_was_lost_is_followed(deck: Deck, ada: Client) -> None:
    # As another recorder, or this one without the answer, would leave the log: ahead of the desk.
    request = events.batch(events.fill())
    async with deck_on(deck.shared.postgres, LocalBus()) as other:
        await (await other.client()).events.RecordEvents(request)
    assert not (await portfolio(ada)).positions.account
    await Keeper(deck.shared, deck.area).follow()
    assert (await portfolio(ada)).positions.quantity[0] > 0
    again = await ada.events.RecordEvents(request)
    assert again.duplicate_count == 1


async def record_out_of_order(other: Deck) -> None:
    """Fills before and after a late one, in two instruments, and a split of one of them."""
    bob = await other.client()
    first = [events.fill(at=100), events.fill(at=50), events.fill(instrument="MSFT.XNAS", at=60)]
    for told in (first, [events.fill(at=200)]):
        for number, one in enumerate(told):
            one.fill.client_order_id = f"O-{one.event_id}-{number}"
        await bob.events.RecordEvents(events.batch(*told))
    await bob.events.RecordAdjustments(events.adjustments(events.split(at=150)))


async def test_what_broke_amid_following_the_log_is_not_taken_twice(
    deck: Deck, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.events.RecordEvents(events.batch(events.fill(at=10)))
    original = load.movements

    async def broken(*arguments) -> AsyncIterator[object]:
        async for page in original(*arguments):
            yield page
            raise Unavailable("the database is away", dependency="postgres")

    keeper = Keeper(deck.shared, deck.area)
    async with deck_on(deck.shared.postgres, LocalBus()) as other:
        with monkeypatch.context() as patched:
            patched.setattr(load, "PAGE", 3)
            patched.setattr(load, "movements", broken)
            await record_out_of_order(other)
            with suppress(Unavailable):
                await keeper.follow()
        await keeper.follow()
        assert (await shown(deck))[:2] == (await shown(other))[:2]


async def test_two_recorders_agree(deck: Deck, ada: Client) -> None:
    async with deck_on(deck.shared.postgres, LocalBus()) as other:
        bob = await other.client()
        calls = [
            (ada, bob)[n % 2].events.RecordEvents(
                events.batch(events.fill(quantity="1", client_order_id=f"O-{n}"))
            )
            for n in range(20)
        ]
        await asyncio.gather(*calls)
        for one in (deck, other):
            await Keeper(one.shared, one.area).follow()
        assert (await shown(deck))[:2] == (await shown(other))[:2]
    topic = "fills/SIM-001/Ema-001"
    answer = await ada.events.ListTopicRecords(ListTopicRecordsRequest(topic=topic))
    assert [record.sequence for record in answer.records] == list(range(1, 21))


class Unwell(LocalBus):
    """A bus that is away for a while."""

    is_away = False

    async def publish(self, messages: list[Message]) -> None:
        if self.is_away:
            raise Unavailable("the bus is away", dependency="redis")
        await super().publish(messages)


async def test_what_the_bus_missed_is_published_when_it_is_back(store: Postgres) -> None:
    bus = Unwell()
    async with deck_on(store, bus) as deck, bus.subscribe(("fills",)) as batches:
        ada = await deck.client()
        bus.is_away = True
        for n in range(5):
            batch = events.batch(events.fill(quantity="1", client_order_id=f"O-{n}"))
            await ada.events.RecordEvents(batch)
        bus.is_away = False
        sequences: list[int] = []
        async with asyncio.timeout(10):
            async for found in batches:
                sequences += [message.sequence for message in found.messages]
                if len(sequences) == 5:
                    break
    assert sequences == [1, 2, 3, 4, 5]


async def test_a_start_publishes_the_last_minute_again(store: Postgres) -> None:
    async with deck_on(store, LocalBus()) as deck:
        ada = await deck.client()
        await ada.events.RecordEvents(events.batch(events.fill()))
    bus = LocalBus()
    async with bus.subscribe(("fills",)) as batches, deck_on(store, bus):
        async with asyncio.timeout(10):
            found = await anext(batches)
    assert [(m.topic, m.sequence) for m in found.messages] == [("fills/SIM-001/Ema-001", 1)]


async def test_opening_balances_count_once(open_deck: Open) -> None:
    for _ in range(2):
        async with open_deck() as deck:
            ada = await deck.client()
            await ada.nodes.RegisterNode(events.registration())
            await ada.nodes.RegisterNode(events.registration(balance="5"))
            assert amount((await portfolio(ada)).cash[0].amount) == 1_000_000


async def test_fills_before_the_registration_do_not_cost_the_opening_balance(ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.fill(quantity="10", price="100")))
    await ada.nodes.RegisterNode(events.registration())
    assert amount((await portfolio(ada)).cash[0].amount) == 1_000_000 - 1_000
