"""Equity by trading day."""

from datetime import date

from google.type.date_pb2 import Date
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb

DAY_S = 86_400


async def traded(deck: Deck, ada: Client) -> None:
    """Gain 100 on the first day, nothing on the second, lose 50 on the third with a strategy."""
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    moves = [("10", "BUY", 0), ("20", "SELL", 10), ("20", "BUY", 2 * DAY_S), ("15", "SELL", 173e3)]
    for index, (price, side, at) in enumerate(moves):
        name = "Ema-001" if index < 2 else "Late-001"
        made = events.fill(
            price=price, side=side, at=at, strategy=name, client_order_id=f"O-{index}"
        )
        await ada.events.RecordEvents(events.batch(made))
        deck.area.ticker.flush()
    await deck.area.sampler.write()


async def daily(ada: Client, **asked: object) -> pb.GetDailyEquityResponse:
    request = pb.GetDailyEquityRequest(account="SIM-001", **asked)
    return await ada.portfolio.GetDailyEquity(request)


async def test_an_account_has_the_last_equity_of_each_day(deck: Deck, ada: Client) -> None:
    await traded(deck, ada)
    found = await daily(ada)
    assert list(found.equity) == [1100, 1050]
    assert list(found.profit) == [100, 50]
    assert found.days[1] - found.days[0] == 2
    assert (found.opening_day, found.opening_equity) == (found.days[0] - 1, 1000)
    assert found.currency == "USD"


async def test_a_strategy_begins_with_its_first_fill(deck: Deck, ada: Client) -> None:
    await traded(deck, ada)
    late = await daily(ada, strategy="Late-001")
    assert list(late.profit) == [-50]
    assert (late.opening_equity, late.opening_profit) == (1100, 0)
    assert late.opening_day == late.days[0] - 2
    assert list((await daily(ada, strategy="Ema-001")).profit) == [100, 100]


async def test_days_are_cut_at_both_ends(deck: Deck, ada: Client) -> None:
    await traded(deck, ada)
    days = (await daily(ada)).days
    on = date.fromordinal(days[1] + date(1970, 1, 1).toordinal())
    wanted = Date(year=on.year, month=on.month, day=on.day)
    later = await daily(ada, start_date=wanted)
    assert (list(later.days), later.opening_equity) == ([days[1]], 1100)
    assert not (await daily(ada, end_date=Date(year=2003, month=1, day=1))).HasField("opening_day")


async def test_a_flow_counts_on_the_first_day_whose_value_includes_it(
    deck: Deck, ada: Client
) -> None:
    await traded(deck, ada)
    for kind, amount in (("DEPOSIT", "500"), ("WITHDRAWAL", "-200")):
        flow = events.cash_flow(kind, amount, at=20)
        await ada.events.RecordAdjustments(events.adjustments(flow))
    assert list((await daily(ada)).flows) == [0, 300]


async def test_what_is_unknown_forbidden_or_malformed_is_refused(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    for who, asked, reason in (
        ("ada", {"account": "SIM-009"}, "RESOURCE_NOT_FOUND"),
        ("ada", {"account": "SIM-001", "strategy": "None-001"}, "RESOURCE_NOT_FOUND"),
        ("bob@SIM-002", {"account": "SIM-001"}, "SCOPE_FORBIDDEN"),
        ("ada", {"account": "SIM-001", "start_date": Date(year=2024)}, "FIELD_INVALID"),
    ):
        client = await deck.client(who)
        _, info = await refusal(client.portfolio.GetDailyEquity(pb.GetDailyEquityRequest(**asked)))
        assert info.reason == reason
