"""Corrections, busts and late fills: as if everything had come in order."""

from collections.abc import AsyncIterator, Sequence

import grpc
import pytest
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, Open, deck_on
from tests.integration.trading.test_portfolio import amount, portfolio
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.trading.v1 import order_pb2
from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck.api.trading.v1.portfolio_pb2 import Portfolio
from quarterdeck.api.trading.v1.trading_event_service_pb2 import (
    ListFillsRequest,
    ListOrdersRequest,
    ListTopicRecordsRequest,
)
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.trading.portfolio import CostMethod
from quarterdeck_server.trading.store import log, replayed


async def record(ada: Client, *told: object) -> None:
    for one in told:
        await ada.events.RecordEvents(events.batch(one))


async def numbers(ada: Client, method: int = pb.COST_METHOD_AVERAGE) -> tuple[float, ...]:
    """Return quantity, realised profit and cash of the one position that there is."""

    async def flushed() -> Portfolio | None:
        found = await portfolio(ada, cost_method=method)
        return found if found.cash else None

    shown = await until(flushed)
    table = shown.positions
    quantity = table.quantity[0] / 10**table.quantity_scale
    realised = table.realised_profit[0] / 10**table.money_scale
    return quantity, realised, float(amount(shown.cash[0].amount))


async def order(ada: Client) -> order_pb2.Order:
    return (await ada.events.ListOrders(ListOrdersRequest())).orders[0]


async def test_a_late_fill_counts_where_it_belongs(ada: Client) -> None:
    """Bought at 100 before it was sold at 110, however late the log heard of it."""
    sold = events.fill("10", "110", side="SELL", client_order_id="O-2", at=20)
    bought, early = (events.fill("10", price, at=at) for price, at in (("120", 10), ("100", 5)))
    await record(ada, bought, sold, early)
    assert await numbers(ada) == (10, 0, -1_100)
    assert await numbers(ada, pb.COST_METHOD_FIFO) == (10, 100, -1_100)


async def test_a_correction_changes_fill_order_position_and_cash(ada: Client) -> None:
    await record(
        ada,
        events.fill("10", "100", trade_id="T", fee="1", at=1),
        events.fill("10", "110", side="SELL", client_order_id="O-2", at=2),
        events.correction("T", quantity="8", price="90", fee="0.5", at=3),
    )
    assert await numbers(ada) == (-2, 160, 379.5)
    fill = (await ada.events.ListFills(ListFillsRequest())).fills[-1]
    assert (fill.correction_count, fill.quantity.value, fill.fee.value) == (1, "8", "0.5")
    orders = (await ada.events.ListOrders(ListOrdersRequest())).orders
    assert (orders[0].filled_quantity.value, orders[0].average_price.value) == ("8", "90")


async def test_the_correction_with_the_latest_time_holds(ada: Client) -> None:
    await record(
        ada,
        events.fill("10", "100", trade_id="T", fee="1", at=1),
        events.correction("T", price="90", at=4),
        events.correction("T", price="80", fee="2", at=3),
    )
    fill = (await ada.events.ListFills(ListFillsRequest())).fills[0]
    assert (fill.price.value, fill.fee.value, fill.correction_count) == ("90", "2", 2)


async def test_a_busted_fill_counts_for_nothing_and_stays_in_the_log(ada: Client) -> None:
    await record(
        ada,
        events.order(quantity="10"),
        events.fill("10", "100", trade_id="T", at=1),
        events.bust("T", at=2),
        events.bust("T", at=3),
    )
    assert await numbers(ada) == (0, 0, 0)
    fill = (await ada.events.ListFills(ListFillsRequest())).fills[0]
    assert (fill.busted, fill.quantity.value) == (True, "10")
    found = await order(ada)
    assert (found.filled_quantity.value, found.status) == ("0", order_pb2.ORDER_STATUS_ACCEPTED)


async def test_an_order_that_its_node_called_filled_stays_so(ada: Client) -> None:
    await record(
        ada,
        events.order(quantity="10", status="FILLED"),
        events.fill("10", "100", trade_id="T"),
        events.bust("T"),
    )
    assert (await order(ada)).status == order_pb2.ORDER_STATUS_FILLED


async def test_what_was_amended_is_published_again(ada: Client) -> None:
    await record(ada, events.fill("10", "100", trade_id="T"), events.bust("T"))
    for kind, text in (("fills", "busted: true"), ("positions", 'quantity {\n    value: "0"')):
        topic = ListTopicRecordsRequest(topic=f"{kind}/SIM-001/Ema-001")
        records = (await ada.events.ListTopicRecords(topic)).records
        assert len(records) == 2
        assert text in str(records[1])


async def test_a_corrected_fill_may_be_told_again_as_it_was(ada: Client) -> None:
    first = events.fill("10", "100", trade_id="T")
    await record(ada, first, events.correction("T", price="90"))
    first.event_id = "again"
    await record(ada, first, events.fill("10", "90", trade_id="T"))
    _, info = await refusal(record(ada, events.fill("10", "95", trade_id="T")))
    assert info.metadata["field"] == "events[0].fill.trade_id"


@pytest.mark.parametrize(
    ("told", "code", "field"),
    [
        (events.bust("X"), grpc.StatusCode.NOT_FOUND, "fill_bust.trade_id"),
        (events.correction("X"), grpc.StatusCode.NOT_FOUND, "fill_correction.trade_id"),
        (events.bust("T", strategy="Other"), grpc.StatusCode.INVALID_ARGUMENT, "strategy"),
        (
            events.correction("T", price="-1"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "fill_correction.price",
        ),
        (
            events.correction("T", quantity="0"),
            grpc.StatusCode.INVALID_ARGUMENT,
            "fill_correction.quantity",
        ),
        (
            events.correction("B", at=9),
            grpc.StatusCode.INVALID_ARGUMENT,
            "fill_correction.trade_id",
        ),
    ],
)
async def test_what_cannot_be_amended_names_its_field(ada: Client, told, code, field) -> None:
    fills = (events.fill("1", "100", trade_id=name) for name in "TB")
    await record(ada, *fills, events.bust("B"))
    refused, info = await refusal(ada.events.RecordEvents(events.batch(events.fill(), told)))
    assert (refused, info.metadata["field"]) == (code, f"events[1].{field}")
    assert len((await ada.events.ListFills(ListFillsRequest())).fills) == 2


async def history(deck: Deck) -> None:
    """Fills in order and late, corrected and busted, in two instruments."""
    ada = await deck.client()
    await ada.nodes.RegisterNode(events.registration())
    for n in range(12):
        name, side = ("AAPL.XNAS", "MSFT.XNAS")[n % 2], ("BUY", "SELL")[n % 3 == 0]
        where = {"instrument": name, "client_order_id": f"O-{n}", "at": (7 * n) % 12}
        told = events.fill(
            f"{n + 1}", f"{100 + n}.5", trade_id=f"T-{n}", fee="1", side=side, **where
        )
        await record(ada, told)
    where = {"instrument": "MSFT.XNAS", "client_order_id": "O-5"}
    await record(ada, events.correction("T-5", quantity="3", price="99", **where))
    await record(ada, events.bust("T-6", client_order_id="O-6"))


async def test_a_start_with_and_without_a_checkpoint_shows_the_same(open_deck: Open) -> None:
    async with open_deck() as deck:
        await history(deck)
        before = [one.SerializeToString() for one in await shown(deck)]
        store = deck.shared.postgres
    async with open_deck() as deck:
        assert [one.SerializeToString() for one in await shown(deck)] == before
    await store.execute("DELETE FROM trading.checkpoint")
    async with open_deck() as deck:
        assert [one.SerializeToString() for one in await shown(deck)] == before


async def shown(deck: Deck) -> list:
    ada = await deck.client()
    methods = (pb.COST_METHOD_AVERAGE, pb.COST_METHOD_FIFO)
    return [await portfolio(ada, cost_method=method) for method in methods]


def trading(account: str, instrument: str) -> list:
    """Return 120 fills, a third of them late, with corrections and busts between them."""
    where = {"account": account, "instrument": instrument}
    told = []
    for n in range(120):
        side, at = ("BUY", "SELL")[n % 5 < 2], n if n % 3 else n - 7
        which = where | {"trade_id": f"T-{n}", "client_order_id": f"O-{n}"}
        told.append(
            events.fill(f"{n % 9 + 1}", f"{90 + n % 20}", side=side, fee="1", at=at, **which)
        )
        if n % 10 == 9:
            told.append(events.correction(quantity="4", price="95", at=200 + n, **which))
        if n % 12 == 11:
            told.append(events.bust(at=400 + n, **which))
    return told


async def test_breaks_in_the_middle_change_nothing_of_what_comes_out(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch is lost once on its way, at another step; then the whole deck is."""
    steps = ("lock_head", "write_events", "write_fills", "write_publications", "move_head")
    async with open_deck() as deck:
        ada = await deck.client()
        whole, broken = trading("SIM-001", "AAPL.XNAS"), trading("SIM-002", "MSFT.XNAS")
        for start in range(0, len(whole), 12):
            await ada.events.RecordEvents(events.batch(*whole[start : start + 12]))
            request = events.batch(*broken[start : start + 12])
            with monkeypatch.context() as patched:
                breaking(patched, steps[start // 12 % len(steps)])
                await refusal(ada.events.RecordEvents(request))
            answer = await ada.events.RecordEvents(request)
            assert answer.recorded_count == len(request.events)
    async with open_deck() as deck:
        for table in (one.positions for one in await shown(deck)):
            assert [*table.account] == ["SIM-001", "SIM-002"]
            for column in ("quantity", "average_price", "realised_profit", "fees"):
                one, other = getattr(table, column)
                assert one == other


def breaking(patched: pytest.MonkeyPatch, step: str) -> None:
    """Have the database close the connection right after a step."""
    original = getattr(log, step)

    async def broken(connection, *arguments):
        answer = await original(connection, *arguments)
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        return answer

    patched.setattr(log, step, broken)


async def test_a_late_fill_is_replayed_from_shortly_before_it(
    deck: Deck, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And both books are what a start makes of the whole log."""
    read: list[int] = []
    original = replayed.row_pages

    async def counted(*arguments: object) -> AsyncIterator[Sequence[object]]:
        async for rows in original(*arguments):
            read.append(len(rows))
            yield rows

    sides = ("BUY", "BUY", "SELL", "SELL", "SELL", "BUY")
    fills = [
        events.fill(n + 1, 100 + n % 7, side=sides[n % 6], client_order_id=f"O-{n}", at=n)
        for n in range(60)
    ]
    late = [fills.pop(55), fills.pop(50)]
    await record(ada, *fills)
    monkeypatch.setattr(replayed, "row_pages", counted)
    await record(ada, *late)
    assert max(read) < 20
    async with deck_on(deck.shared.postgres, LocalBus()) as other:
        for method in CostMethod:
            here, there = (one.area.desk.book(method).snapshot() for one in (deck, other))
            assert (here["holdings"], here["cash"]) == (there["holdings"], there["cash"])
