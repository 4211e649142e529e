"""Curves and activity by interval, as readers get them."""

import asyncio
import random
from datetime import time, timedelta

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, deck_on
from tests.integration.trading.test_rollups import folded, newest, scattered
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import aggregate_service_pb2 as pb
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.store import curve, rollup
from quarterdeck_server.trading.store.activity import fold

MINUTE, HOUR, DAY = (
    pb.AGGREGATE_INTERVAL_MINUTE,
    pb.AGGREGATE_INTERVAL_HOUR,
    pb.AGGREGATE_INTERVAL_DAY,
)
SUMS = (
    *("orders", "rejects", "cancels", "fills", "bought_quantity"),
    *("sold_quantity", "bought_value", "sold_value", "fees"),
)
FROM_SCRATCH = f"""
SELECT account, strategy, instrument, currency, seconds, start_ns,
       {", ".join(f"sum({name}) AS {name}" for name in SUMS)}
FROM trading.activity, trading.buckets(time_ns) GROUP BY 1, 2, 3, 4, 5, 6"""  # noqa: S608


async def curved(deck: Deck, ada: Client) -> list[curve.EquityPoint]:
    """An account with three days of points by chance."""
    await ada.nodes.RegisterNode(events.registration())
    await deck.area.sampler.close()
    for table in ("equity_point", "equity_rollup"):
        await deck.shared.postgres.execute(f"DELETE FROM trading.{table}")  # noqa: S608
    points = newest(scattered(random.Random(11), 300, over_s=3 * 86_400))
    await curve.save_points(deck.shared.postgres, points)
    return points


async def aggregates(ada: Client, **asked: object) -> pb.ListAggregatesResponse:
    request = pb.ListAggregatesRequest(account="SIM-001", **asked)
    return await ada.aggregates.ListAggregates(request)


async def activity(ada: Client, **asked: object) -> pb.ListActivityResponse:
    request = pb.ListActivityRequest(account="SIM-001", **asked)
    return await ada.aggregates.ListActivity(request)


async def test_hours_come_in_columns_and_pages(deck: Deck, ada: Client) -> None:
    points = [one for one in await curved(deck, ada) if not one.strategy]
    hours = [row for key, row in sorted(folded(points).items()) if key[1] == 3_600]
    found, token = [], ""
    for _ in range(-(-len(hours) // 20)):
        answer = await aggregates(ada, interval=HOUR, page_size=20, page_token=token)
        token = answer.next_page_token
        found.append(answer.aggregates)
    assert token == ""
    assert answer.currency == "USD"
    for column, name in (
        ("equity_high", "equity_high"),
        ("equity_close", "equity"),
        ("profit_low", "profit_low"),
        ("fees", "fees"),
        ("point_count", "point_count"),
        ("last_time_ns", "last_time_ns"),
    ):
        told = [value for part in found for value in getattr(part, column)]
        assert told == [row[name] for row in hours]


async def test_a_window_takes_intervals_by_their_beginning(deck: Deck, ada: Client) -> None:
    points = await curved(deck, ada)
    first = min(one.event_time_ns for one in points)
    noon = first - first % (86_400 * NS) + 36 * 3_600 * NS
    moments = {
        "start_time": Timestamp(seconds=noon // NS),
        "end_time": Timestamp(seconds=noon // NS + 86_400),
    }
    days = (await aggregates(ada, interval=DAY, **moments)).aggregates
    hours = (await aggregates(ada, interval=HOUR, **moments)).aggregates
    assert list(days.start_time_ns) == [noon + 12 * 3_600 * NS]
    assert list(days.end_time_ns) == [noon + 36 * 3_600 * NS]
    assert all(noon <= start_ns < noon + 86_400 * NS for start_ns in hours.start_time_ns)


async def test_what_is_unknown_forbidden_or_malformed_is_refused(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    for who, asked, reason in (
        ("ada", {"account": "SIM-009", "interval": DAY}, "RESOURCE_NOT_FOUND"),
        ("ada", {"account": "SIM-001", "interval": DAY, "strategy": "X"}, "RESOURCE_NOT_FOUND"),
        ("ada", {"account": "SIM-001"}, "FIELD_INVALID"),
        ("ada", {"account": "SIM-001", "interval": DAY, "page_token": "x"}, "PAGE_TOKEN_INVALID"),
        ("bob@SIM-002", {"account": "SIM-001", "interval": DAY}, "SCOPE_FORBIDDEN"),
    ):
        client = await deck.client(who)
        call = client.aggregates.ListAggregates(pb.ListAggregatesRequest(**asked))
        assert (await refusal(call))[1].reason == reason
        asked.pop("strategy", None)
        if asked.get("page_token") or asked["account"] == "SIM-009" or who != "ada":
            call = client.aggregates.ListActivity(pb.ListActivityRequest(**asked))
            assert (await refusal(call))[1].reason == reason


async def traded(deck: Deck, ada: Client) -> None:
    """Orders filled, rejected, canceled after a fill and told late; fills amended."""
    await ada.nodes.RegisterNode(events.registration())
    first = events.fill(trade_id="T-x", fee="1", at=30)
    for batch in (
        [events.order(at=20), first, events.fill(price="101", side="BUY", fee="0.5", at=1_000)],
        [events.order("O-2", "SUBMITTED", at=40), events.order("O-2", "REJECTED", at=41)],
        [events.order("O-3", at=90_000), events.order("O-3", "CANCELED", at=90_001)],
        [events.fill("4", side="BUY", client_order_id="O-3", at=90_100, fee="2")],
        [events.fill("7", fee="1", fee_currency="EUR", client_order_id="O-4", at=10)],
        [events.order("O-4", at=5, quantity="7"), first],
        [events.fill("9", trade_id="T-y", at=50, fee="1"), events.fill(trade_id="T-z", at=50)],
        [events.correction("T-y", quantity="3", price="90", fee="0.25", at=60)],
        [events.bust("T-z", at=60)],
    ):
        await ada.events.RecordEvents(events.batch(*batch))


async def test_activity_is_counted_when_it_happened(deck: Deck, ada: Client) -> None:
    await traded(deck, ada)
    found = (await activity(ada, interval=DAY)).activity
    assert list(found.currency) == ["EUR", "USD", "USD"]
    assert list(found.orders) == [0, 3, 1]
    assert list(found.rejects) == [0, 1, 0]
    assert list(found.cancels) == [0, 0, 1]
    assert list(found.fills) == [0, 4, 1]
    assert list(found.bought_quantity) == [0, 30, 4]
    assert list(found.bought_value) == [0, 10 * 100 + 10 * 101 + 7 * 100 + 3 * 90, 400]
    assert list(found.fees) == [1, 1.75, 2]


async def test_activity_is_what_counting_the_log_from_scratch_makes(
    deck: Deck, ada: Client, store: Postgres
) -> None:
    await traded(deck, ada)
    await asyncio.gather(fold(store), fold(store))
    await counted_from_scratch(store)


async def counted_from_scratch(store: Postgres) -> None:
    """Compare what is folded with what the log counts for."""
    names = ", ".join(SUMS)
    key = "account, strategy, instrument, currency, seconds, start_ns"
    kept = await store.fetch(
        f"SELECT {key}, {names} FROM trading.activity_rollup WHERE ({names}) <> (0,0,0,0,0,0,0,0,0)"  # noqa: S608
    )
    assert {tuple(row) for row in kept} == {tuple(row) for row in await store.fetch(FROM_SCRATCH)}


async def test_activity_is_the_same_before_it_is_folded_and_after(
    store: Postgres, monkeypatch: pytest.MonkeyPatch, local_bus: LocalBus
) -> None:
    monkeypatch.setattr("quarterdeck_server.trading.aggregates.FOLD_EVERY_S", 3_600.0)
    async with deck_on(store, local_bus) as deck:
        ada = await deck.client()
        await traded(deck, ada)
        before = [await pages(ada, interval) for interval in (MINUTE, HOUR, DAY)]
        await fold(store)
        assert [await pages(ada, interval) for interval in (MINUTE, HOUR, DAY)] == before
        # Half of it folded, and the rest takes back what was: pages have no holes all the same.
        await ada.events.RecordEvents(events.batch(events.bust("T-x", at=70)))
        before = [await pages(ada, interval) for interval in (MINUTE, HOUR, DAY)]
        await fold(store)
        assert [await pages(ada, interval) for interval in (MINUTE, HOUR, DAY)] == before


async def test_days_that_end_otherwise_count_what_was_not_folded_once(
    store: Postgres, monkeypatch: pytest.MonkeyPatch, local_bus: LocalBus
) -> None:
    monkeypatch.setattr("quarterdeck_server.trading.aggregates.FOLD_EVERY_S", 3_600.0)
    async with deck_on(store, local_bus) as deck:
        await traded(deck, await deck.client())
        await rollup.keep_days(store, "America/New_York", time(17))
        await fold(store)
        await counted_from_scratch(store)


async def test_what_a_late_bust_leaves_of_a_minute_past_its_retention_is_not_told(
    deck: Deck, ada: Client, store: Postgres
) -> None:
    for number in range(4):
        made = events.fill(trade_id=f"T-{number}", at=60 * number, fee="1")
        await ada.events.RecordEvents(events.batch(made))
    await fold(store)
    await rollup.drop_old(store, timedelta(days=1), timedelta(0))
    fresh = events.fill(trade_id="T-new", at=61)
    amended = events.bust("T-0", at=200), events.correction("T-2", quantity="3", fee="0.5", at=200)
    await ada.events.RecordEvents(events.batch(*amended, fresh))
    for _ in range(2):
        minutes, day = [(await activity(ada, interval=one)).activity for one in (MINUTE, DAY)]
        assert list(minutes.fills) == [1]
        assert (list(day.fills), list(day.fees)) == ([4], [2.5])
        await fold(store)
    await ada.events.RecordEvents(events.batch(events.fill(trade_id="T-l", at=1, fee="1")))
    for _ in range(2):
        assert list((await activity(ada, interval=MINUTE)).activity.fills) == [1]
        await fold(store)


async def pages(ada: Client, interval: int) -> list[pb.ListActivityResponse]:
    """All pages of the account's activity, one row each."""
    found = [await activity(ada, interval=interval, page_size=1)]
    while token := found[-1].next_page_token:
        found.append(await activity(ada, interval=interval, page_size=1, page_token=token))
        assert len(found[-1].activity.start_time_ns) == 1
    return found


async def test_activity_turns_its_pages_within_a_strategy(deck: Deck, ada: Client) -> None:
    await traded(deck, ada)
    asked = {"interval": MINUTE, "strategy": "Ema-001", "page_size": 2}
    answer = await activity(ada, **asked)
    starts = list(answer.activity.start_time_ns)
    while token := answer.next_page_token:
        answer = await activity(ada, **asked, page_token=token)
        starts += answer.activity.start_time_ns
    assert starts == sorted(starts)
    assert len(starts) == len((await activity(ada, interval=MINUTE)).activity.start_time_ns)
    assert not (await activity(ada, interval=MINUTE, strategy="None-001")).activity.start_time_ns
