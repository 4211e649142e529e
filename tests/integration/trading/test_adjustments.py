"""Cash flows and corporate actions: recorded once, counted where they belong, and kept."""

import io
from decimal import Decimal

import grpc
import pyarrow.parquet as pq
import pytest
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, Open
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import portfolio_pb2
from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck.api.trading.v1 import trading_event_service_pb2 as event_pb
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.store import load

type Rows = dict[tuple[str, str], portfolio_pb2.ProfitAndLoss]


async def told(ada: Client, **asked: str) -> tuple[portfolio_pb2.Portfolio, Rows]:
    answer = await ada.portfolio.GetPortfolio(pb.GetPortfolioRequest(**asked))
    rows = {(row.account, row.strategy): row for row in answer.portfolio.profit_and_loss}
    return answer.portfolio, rows


async def adjust(ada: Client, *adjustments: object) -> event_pb.RecordAdjustmentsResponse:
    return await ada.events.RecordAdjustments(events.adjustments(*adjustments))


def cash(portfolio: portfolio_pb2.Portfolio) -> dict[tuple[str, str], Decimal]:
    return {(one.account, one.currency): Decimal(one.amount.value) for one in portfolio.cash}


def quantities(portfolio: portfolio_pb2.Portfolio) -> list[float]:
    columns = portfolio.positions
    return [quantity / 10**columns.quantity_scale for quantity in columns.quantity]


async def test_a_deposit_is_equity_and_no_profit_and_counts_once(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    deposit = events.cash_flow("DEPOSIT", "500", at=1)
    assert (await adjust(ada, deposit)).recorded_count == 1
    assert (await adjust(ada, deposit)).duplicate_count == 1
    _, rows = await told(ada)
    account = rows["SIM-001", ""]
    assert (account.equity.value, account.total_profit.value) == ("1500", "0")


async def test_income_belongs_to_its_account_strategy_and_position(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    funding = events.cash_flow(
        "FUNDING", "-1.25", strategy="Ema-001", instrument="AAPL.XNAS", at=20
    )
    await ada.events.RecordEvents(events.batch(events.fill("10", "100", at=1), funding))
    await adjust(ada, events.cash_flow("INTEREST", "0.75", at=30))
    found, rows = await told(ada)
    strategy, account = rows["SIM-001", "Ema-001"], rows["SIM-001", ""]
    assert (strategy.income.value, strategy.total_profit.value) == ("-1.25", "-1.25")
    assert (account.income.value, account.equity.value) == ("-0.5", "999.5")
    assert [*found.positions.income] == [-125_000_000]
    # The newest that happened is the interest.
    assert account.event_time.seconds == events.DAY_S + 30


async def test_a_transfer_moves_cash_in_one_event_and_the_firm_stays_as_it_was(
    ada: Client,
) -> None:
    for account in ("SIM-001", "SIM-002"):
        node = account.lower()
        await ada.nodes.RegisterNode(events.registration(account, "1000", node_id=node))
    await adjust(ada, events.cash_flow("TRANSFER", "-300", counter_account="SIM-002", at=1))
    found, rows = await told(ada)
    assert cash(found) == {("SIM-001", "USD"): Decimal(700), ("SIM-002", "USD"): Decimal(1300)}
    firm = rows["", ""]
    assert (firm.equity.value, firm.total_profit.value, firm.currency) == ("2000", "0", "USD")


async def test_a_split_and_a_dividend_reach_everybody_who_held_before_them(
    open_deck: Open,
) -> None:
    """Also through fills that come late, and after a restart from the log alone."""
    async with open_deck() as deck:
        ada = await deck.client()
        await ada.events.RecordEvents(events.batch(events.fill("10", "100", at=1)))
        await ada.events.RecordEvents(
            events.batch(events.fill("5", "55", at=30, account="SIM-002", client_order_id="O-2"))
        )
        await adjust(ada, events.split("2", "1", at=20), events.dividend("0.5", at=25))
        # Of before the split, told after it.
        late = events.fill("1", "101", at=10, client_order_id="O-3")
        await ada.events.RecordEvents(events.batch(late))
        before, rows = await told(ada)
        assert quantities(before) == [22, 5]
        assert rows["SIM-001", "Ema-001"].income.value == "11"
        assert "SIM-002" not in {key[0] for key, row in rows.items() if row.income.value != "0"}
        foreign = events.dividend("1", currency="EUR", at=26)
        await adjust(ada, foreign)
        before, rows = await told(ada)
        assert [*rows["SIM-001", ""].missing_rates] == ["EUR"]
        assert deck.area.desk.knows("EUR/USD.IDEALPRO")
    async with open_deck() as deck:
        again, _ = await told(await deck.client())
    assert again.positions == before.positions
    assert again.cash == before.cash


async def test_a_foreign_deposit_counts_at_the_rate_of_when_it_was_recorded(
    deck: Deck, ada: Client
) -> None:
    """One that was recorded before any rate was known counts at the present one; none is zero."""
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    daily = pb.GetDailyEquityRequest(account="SIM-001")

    async def show(*prices: str) -> None:
        pair = [events.quote("EUR/USD.IDEALPRO", price, price, at=60) for price in prices]
        deck.area.ticker.take(pair)
        deck.area.ticker.flush()
        await deck.area.sampler.write()

    await ada.events.RecordEvents(events.batch(events.fill("1", "100", at=1)))
    await show()
    await adjust(ada, events.cash_flow("DEPOSIT", "100", currency="EUR", at=2))
    await show()
    code, info = await refusal(ada.portfolio.GetDailyEquity(daily))
    assert (code, info.metadata["currency"]) == (grpc.StatusCode.FAILED_PRECONDITION, "EUR")
    await show("1.25")
    await adjust(ada, events.cash_flow("DEPOSIT", "10", currency="EUR", at=3))
    await show("2")
    found = await ada.portfolio.GetDailyEquity(daily)
    assert sum(found.flows) == 100 * 2 + 10 * 1.25


async def test_the_currencies_of_a_new_account_are_told_apart_from_its_first_batch_on(
    deck: Deck, ada: Client
) -> None:
    """The first one is its base; the others need a rate, as in any later batch."""
    dollars = events.cash_flow("DEPOSIT", "1000", at=1)
    euros = events.cash_flow("DEPOSIT", "100", currency="EUR", at=2)
    await adjust(ada, dollars, euros)
    stored = await deck.shared.postgres.fetch(
        "SELECT currency, base_amount FROM trading.flow ORDER BY position"
    )
    assert [tuple(row) for row in stored] == [("USD", Decimal(1000)), ("EUR", None)]


async def test_a_transfer_may_reach_an_account_that_its_batch_began_with(ada: Client) -> None:
    first, second = (events.cash_flow("DEPOSIT", "10", account=f"SIM-00{n}") for n in (1, 2))
    await adjust(ada, first, second, events.cash_flow("TRANSFER", "-4", counter_account="SIM-002"))
    found, _ = await told(ada)
    assert cash(found) == {("SIM-001", "USD"): Decimal(6), ("SIM-002", "USD"): Decimal(14)}


async def test_rates_of_opening_balances_are_looked_for(deck: Deck, ada: Client) -> None:
    asked = events.registration(balance="1000")
    asked.accounts[0].opening_balances.add(currency="EUR", total=events.number("50"))
    await ada.nodes.RegisterNode(asked)
    assert deck.area.desk.knows("EUR/USD.IDEALPRO")


async def test_both_sides_of_a_transfer_are_read_back_wherever_a_page_ends(
    open_deck: Open, store: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_deck() as deck:
        ada = await deck.client()
        deposits = [events.cash_flow("DEPOSIT", "10", account=f"SIM-00{n}") for n in (1, 2)]
        moved = events.cash_flow("TRANSFER", "-3", counter_account="SIM-002")
        await adjust(ada, *deposits)
        await adjust(ada, moved)
        before, _ = await told(ada)
    await store.execute("DELETE FROM trading.checkpoint")
    for size in (1, 2, 3):
        monkeypatch.setattr(load, "PAGE", size)
        async with open_deck() as deck:
            again, _ = await told(await deck.client())
        assert again.cash == before.cash


async def test_opening_balances_that_come_after_a_deposit_are_left_out_aloud(
    ada: Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """What a broker shows by then may hold the deposit already."""
    await adjust(ada, events.cash_flow("DEPOSIT", "500"))
    for _ in range(2):
        await ada.nodes.RegisterNode(events.registration(balance="700"))
    found, _ = await told(ada)
    assert cash(found) == {("SIM-001", "USD"): Decimal(500)}
    assert capfd.readouterr()[0].count("opening_balances_left_out") == 2


REFUSED = (
    ("ada", events.fill("1", "100"), "FIELD_INVALID", "events[0].event"),
    ("ada", events.cash_flow("DEPOSIT", "-5"), "FIELD_INVALID", "events[0].cash_flow.amount"),
    (
        "ada",
        events.cash_flow("TRANSFER", "5", counter_account="SIM-404"),
        "RESOURCE_NOT_FOUND",
        "events[0].cash_flow.counter_account",
    ),
    (
        "bob@SIM-001",
        events.cash_flow("TRANSFER", "5", counter_account="SIM-002"),
        "SCOPE_FORBIDDEN",
        "events[0].cash_flow.counter_account",
    ),
    ("bob@SIM-001", events.split(), "SCOPE_FORBIDDEN", "events[0].account"),
    ("ada", events.split(at=4e9), "FIELD_INVALID", "events[0].event_time"),
    ("ada", events.split("0"), "FIELD_INVALID", "events[0].corporate_action.split.numerator"),
    (
        "ada",
        events.dividend("-1"),
        "FIELD_INVALID",
        "events[0].corporate_action.cash_dividend.amount",
    ),
    ("ada", events.dividend(account="SIM-404"), "RESOURCE_NOT_FOUND", "events[0].account"),
    (
        "ada",
        events.split(instrument="NONE.XNAS"),
        "INSTRUMENT_NOT_FOUND",
        "events[0].corporate_action.instrument",
    ),
    (
        "ada",
        events.cash_flow("DEPOSIT", "5", strategy="Ema-001"),
        "FIELD_INVALID",
        "events[0].strategy",
    ),
)


async def test_what_cannot_be_adjusted_names_its_field_and_stores_nothing(deck: Deck) -> None:
    for who, adjustment, reason, field in REFUSED:
        client = await deck.client(who)
        _, info = await refusal(client.events.RecordAdjustments(events.adjustments(adjustment)))
        assert (info.reason, info.metadata["field"]) == (reason, field)
    assert await deck.shared.postgres.fetchval("SELECT count(*) FROM trading.event") == 0


async def test_a_node_may_not_tell_what_an_account_was_given(deck: Deck) -> None:
    node = await deck.client("node!")
    deposit = events.batch(events.cash_flow("DEPOSIT", "5"))
    code, info = await refusal(node.events.RecordEvents(deposit))
    assert (code, info.reason) == (grpc.StatusCode.PERMISSION_DENIED, "PERMISSION_MISSING")
    earned = events.batch(events.cash_flow("FUNDING", "5"))
    assert (await node.events.RecordEvents(earned)).recorded_count == 1


async def test_flows_and_actions_come_from_files(ada: Client) -> None:
    csv = (
        "record,time,account,instrument,kind,amount,currency,numerator,denominator\n"
        "cash_flow,2004-01-02T00:00:00Z,SIM-001,,deposit,500,USD,,\n"
        "cash_flow,2004-01-03T00:00:00Z,SIM-001,,charge,-2.5,USD,,\n"
        "split,2004-01-04T00:00:00Z,,AAPL.XNAS,,,,2,1\n"
    )
    request = event_pb.ImportTradingEventsRequest(csv=csv)
    assert (await ada.events.ImportTradingEvents(request)).recorded_count == 3
    found, rows = await told(ada)
    assert cash(found) == {("SIM-001", "USD"): Decimal("497.5")}
    assert rows["SIM-001", ""].income.value == "-2.5"


async def exported(ada: Client, table: str, form: str) -> bytes:
    request = pb.ExportPortfolioRequest(
        table=pb.PortfolioTable.Value(f"PORTFOLIO_TABLE_{table}"),
        format=pb.PortfolioFormat.Value(f"PORTFOLIO_FORMAT_{form}"),
    )
    return b"".join([piece.data async for piece in ada.portfolio.ExportPortfolio(request)])


async def test_exports_read_back_are_exact(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    bought = events.fill("3", "100.01", fee="0.1", at=1)
    sold = events.fill("1", "100.02", side="SELL", at=2, client_order_id="O-2")
    await ada.events.RecordEvents(events.batch(bought, sold))
    await adjust(ada, events.dividend("0.3333", at=3))
    table = pq.read_table(io.BytesIO(await exported(ada, "POSITIONS", "PARQUET")))
    (row,) = table.to_pylist()
    assert (row["instrument"], row["quantity"], row["average_price"]) == (
        "AAPL.XNAS",
        Decimal(2),
        Decimal("100.01"),
    )
    assert (row["realised_profit"], row["fees"], row["income"]) == (
        Decimal("0.01"),
        Decimal("0.1"),
        Decimal("0.6666"),
    )
    assert row["mark_price"] is None
    (profit, *_) = pq.read_table(io.BytesIO(await exported(ada, "PROFIT", "PARQUET"))).to_pylist()
    assert (profit["account"], profit["currency"]) == ("", "USD")
    lines = (await exported(ada, "CASH", "CSV")).decode().splitlines()
    assert lines == ["account,currency,amount", "SIM-001,USD,800.5566"]
