"""Events from files: all of a file or nothing, once, and every bad row named."""

import grpc
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as portfolio_pb
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as pb

HEADER = (
    "record,time,account,strategy,instrument,client_order_id,side,quantity,"
    "event_id,trade_id,price,fee,fee_currency,status,order_type,limit_price\n"
)


def order(number: int = 1, second: int = 0, **more: str) -> str:
    facts = {"record": "order", "status": "accepted", "order_type": "limit"}
    return row(second, number, **(facts | more))


def fill(number: int = 1, second: int = 1, **more: str) -> str:
    trade = {"trade_id": f"T-{number}", "price": "100", "fee": "1.5", "fee_currency": "USD"}
    return row(second, number, **({"record": "fill"} | trade | more))


def row(second: int, number: int, **cells: str) -> str:
    facts = {
        "time": f"2012-01-03T15:00:{second:02}Z",
        "account": "SIM-001",
        "strategy": "Ema-001",
        "instrument": "AAPL.XNAS",
        "client_order_id": f"O-{number}",
        "side": "buy",
        "quantity": "10",
        **cells,
    }
    return ",".join(facts.get(name, "") for name in HEADER.strip().split(","))


def file(*rows: str, dry_run: bool = False) -> pb.ImportTradingEventsRequest:
    csv = HEADER + "".join(f"{line}\n" for line in rows)
    return pb.ImportTradingEventsRequest(csv=csv, dry_run=dry_run)


async def events_in(deck: Deck) -> int:
    return await deck.shared.postgres.fetchval("SELECT count(*) FROM trading.event")


async def test_a_file_is_recorded_once_and_moves_the_portfolio(deck: Deck, ada: Client) -> None:
    dry = await ada.events.ImportTradingEvents(file(order(), fill(), dry_run=True))
    assert (dry.recorded_count, len(dry.problems), await events_in(deck)) == (2, 0, 0)
    first = await ada.events.ImportTradingEvents(file(order(), fill()))
    again = await ada.events.ImportTradingEvents(file(order(), fill()))
    assert (first.recorded_count, again.duplicate_count) == (2, 2)
    held = await ada.portfolio.ListPositions(portfolio_pb.ListPositionsRequest())
    assert [*held.positions.instrument] == ["AAPL.XNAS"]
    (found,) = (await ada.events.ListFills(pb.ListFillsRequest())).fills
    assert (found.fee.value, found.order_unknown) == ("1.5", False)


async def test_a_dry_run_names_every_bad_row(ada: Client) -> None:
    rows = (
        order(1, 0),
        fill(1, 1, quantity="-1"),
        fill(2, 2, instrument="NOPE.XNAS"),
        fill(3, 1),
        fill(4, 3, side="hold"),
        fill(1, 4, side="sell"),
        order(5, 5, status="lost"),
        fill(7, 6, event_id="e" * 65),
        fill(8, 7, event_id="e", price="1"),
        fill(9, 8, event_id="e", price="2"),
    )
    answer = await ada.events.ImportTradingEvents(file(*rows, dry_run=True))
    assert [(found.row, found.column) for found in answer.problems] == [
        (3, "quantity"),
        (4, "instrument"),
        (5, "time"),
        (6, "side"),
        (7, "side"),
        (8, "status"),
        (9, "event_id"),
        (11, "event_id"),
    ]
    assert (answer.recorded_count, answer.duplicate_count) == (2, 0)


async def test_one_bad_row_stores_nothing_and_is_named(deck: Deck, ada: Client) -> None:
    call = ada.events.ImportTradingEvents(file(order(), fill(1, 1), fill(2, 2, price="high")))
    code, info = await refusal(call)
    assert (code, info.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "FILE_INVALID")
    assert (info.metadata["row"], info.metadata["column"]) == ("4", "price")
    assert await events_in(deck) == 0


async def test_a_file_with_a_foreign_account_is_refused(deck: Deck, ada: Client) -> None:
    scoped = await deck.client("bob@SIM-002")
    _, info = await refusal(scoped.events.ImportTradingEvents(file(order())))
    assert info.reason == "SCOPE_FORBIDDEN"


async def test_a_correction_and_a_bust_come_from_a_file_too(deck: Deck, ada: Client) -> None:
    amended = {"side": "", "status": "", "order_type": ""}
    rows = (
        fill(1),
        fill(2, second=2),
        fill(1, second=3, record="correction", quantity="8", price="90", **amended),
        fill(2, second=4, record="bust", **amended),
    )
    answer = await ada.events.ImportTradingEvents(file(*rows))
    assert answer.recorded_count == 4
    told = (await ada.events.ListFills(pb.ListFillsRequest())).fills
    assert [(one.quantity.value, one.busted) for one in told] == [("10", True), ("8", False)]
    unknown = file(fill(9, record="bust"), dry_run=True)
    (problem,) = (await ada.events.ImportTradingEvents(unknown)).problems
    assert (problem.row, problem.column) == (2, "trade_id")
