"""The portfolio: from fills and prices to what people see."""

import asyncio
from decimal import Decimal

from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck.api.trading.v1.portfolio_pb2 import Portfolio, ProfitAndLoss


async def portfolio(client: Client, **request: object) -> Portfolio:
    return (await client.portfolio.GetPortfolio(pb.GetPortfolioRequest(**request))).portfolio


def profit(found: Portfolio, strategy: str = "") -> ProfitAndLoss:
    return next(one for one in found.profit_and_loss if one.strategy == strategy)


def amount(message) -> Decimal:
    return Decimal(message.value)


async def bought(deck: Deck, ada: Client) -> None:
    """Ten shares at 100, a fee of 1, and the market at 110."""
    await ada.nodes.RegisterNode(events.registration())
    await ada.events.RecordEvents(events.batch(events.order(), events.fill(fee="1")))
    await deck.shared.bus.publish([events.quote("AAPL.XNAS", "109", "111")])

    async def priced() -> bool:
        return amount(profit(await portfolio(ada)).unrealised_profit) == 100

    await until(priced)


async def test_profit_and_equity_follow_fills_and_prices(deck: Deck, ada: Client) -> None:
    await bought(deck, ada)
    found = await portfolio(ada)
    account, strategy = profit(found), profit(found, "Ema-001")
    assert amount(account.equity) == 1_000_000 + 100 - 1
    assert not strategy.HasField("equity")
    assert amount(strategy.total_profit) == 99
    assert amount(strategy.gross_exposure) == 1_100
    assert account.open_positions == 1
    assert amount(found.cash[0].amount) == 1_000_000 - 1_000 - 1


async def test_columns_tell_positions_exactly(deck: Deck, ada: Client) -> None:
    await bought(deck, ada)
    columns = (await portfolio(ada)).positions
    assert list(columns.instrument) == ["AAPL.XNAS"]
    assert columns.quantity[0] == 10 * 10**columns.quantity_scale
    assert columns.average_price[0] == 100 * 10**columns.price_scale
    assert columns.mark_price[0] == 110 * 10**columns.price_scale
    assert columns.fees[0] == 10**columns.money_scale


async def test_a_position_without_a_market_price_has_no_mark(ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.fill()))
    found = await portfolio(ada)
    assert list(profit(found).unpriced_instruments) == ["AAPL.XNAS"]
    assert not found.positions.has_mark[0]
    assert found.positions.mark_price[0] == 0


async def test_first_in_first_out_realises_otherwise_and_totals_alike(
    deck: Deck, ada: Client
) -> None:
    await ada.events.RecordEvents(
        events.batch(
            events.fill(quantity="10", price="100"),
            events.fill(quantity="10", price="120"),
            events.fill(quantity="10", price="130", side="SELL", client_order_id="O-2"),
        )
    )
    average = profit(await portfolio(ada))
    fifo = profit(await portfolio(ada, cost_method=pb.COST_METHOD_FIFO))
    assert amount(average.realised_profit) == 200
    assert amount(fifo.realised_profit) == 300
    assert amount(average.total_profit) == amount(fifo.total_profit)


async def test_a_foreign_currency_is_converted_once_its_pair_has_a_price(
    deck: Deck, ada: Client
) -> None:
    await ada.nodes.RegisterNode(events.registration())
    await ada.events.RecordEvents(events.batch(events.fill(instrument="SAP.XETR")))
    assert list(profit(await portfolio(ada)).missing_rates) == ["EUR"]
    prices = [
        events.quote("EUR/USD.IDEALPRO", "1.19", "1.21"),
        events.quote("SAP.XETR", "110", "110"),
    ]
    await deck.shared.bus.publish(prices)

    async def converted() -> bool:
        account = profit(await portfolio(ada))
        return not account.missing_rates and amount(account.unrealised_profit) == 120

    await until(converted)


async def test_a_named_foreign_account_is_refused_and_others_are_left_out(
    deck: Deck, ada: Client
) -> None:
    await bought(deck, ada)
    bob = await deck.client("bob@SIM-002")
    _, info = await refusal(portfolio(bob, account="SIM-001"))
    assert info.reason == "SCOPE_FORBIDDEN"
    found = await portfolio(bob)
    assert not found.profit_and_loss
    assert not found.positions.account
    assert not found.cash


async def test_a_watch_tells_the_portfolio_then_what_changed(deck: Deck, ada: Client) -> None:
    await bought(deck, ada)
    await ada.events.RecordEvents(
        events.batch(events.fill(instrument="MSFT.XNAS", client_order_id="O-2"))
    )
    deck.area.ticker.flush()
    stream = ada.portfolio.WatchPortfolio(pb.WatchPortfolioRequest(account="SIM-001"))
    first = await stream.read()
    assert first.snapshot
    assert set(first.portfolio.positions.instrument) == {"AAPL.XNAS", "MSFT.XNAS"}
    await deck.shared.bus.publish([events.quote("AAPL.XNAS", "119", "121")])
    async with asyncio.timeout(5):
        while True:
            answer = await stream.read()
            assert not answer.snapshot
            account = [p for p in answer.portfolio.profit_and_loss if not p.strategy]
            if account and amount(account[0].unrealised_profit) == 200:
                break
    assert list(answer.portfolio.positions.instrument) == ["AAPL.XNAS"]
    stream.cancel()


async def test_a_slow_reader_gets_every_row_that_changed(deck: Deck, ada: Client) -> None:
    fills = [events.fill(instrument=f"S{n:04d}.XNAS", client_order_id=f"O-{n}") for n in range(20)]
    await ada.events.RecordEvents(events.batch(*fills))
    stream = ada.portfolio.WatchPortfolio(pb.WatchPortfolioRequest(max_rate=2))
    await stream.read()
    for n in range(20):
        await deck.shared.bus.publish([events.quote(f"S{n:04d}.XNAS", "101", "101")])
        await asyncio.sleep(0.005)
    seen: set[str] = set()
    async with asyncio.timeout(10):
        while len(seen) < 20:
            seen |= set((await stream.read()).portfolio.positions.instrument)
    stream.cancel()


async def test_profit_is_published_on_its_topics(deck: Deck, ada: Client) -> None:
    async with deck.shared.bus.subscribe(("pnl",)) as batches:
        await bought(deck, ada)
        seen: dict[str, ProfitAndLoss] = {}
        async with asyncio.timeout(5):
            async for batch in batches:
                for message in batch.messages:
                    seen[message.topic] = ProfitAndLoss.FromString(message.payload)
                if amount(seen.get("pnl/SIM-001", ProfitAndLoss()).total_profit or "0") == 99:
                    break
    assert amount(seen["pnl/SIM-001/Ema-001"].total_profit) == 99


async def test_accounts_tell_cash_and_what_was_reported(deck: Deck, ada: Client) -> None:
    await bought(deck, ada)
    await ada.events.RecordEvents(events.batch(events.account_state("998999")))
    answer = await ada.portfolio.ListAccounts(pb.ListAccountsRequest())
    account = answer.accounts[0]
    assert (account.account, account.base_currency) == ("SIM-001", "USD")
    assert list(account.strategies) == ["Ema-001"]
    assert amount(account.cash[0].amount) == amount(account.reported[0].amount) == 998_999


async def test_positions_turn_their_pages(ada: Client) -> None:
    names = [f"S{n:04d}.XNAS" for n in (3, 1, 2)]
    fills = [events.fill(instrument=name, client_order_id=name) for name in names]
    await ada.events.RecordEvents(events.batch(*fills))
    first = await ada.portfolio.ListPositions(pb.ListPositionsRequest(page_size=2))
    assert list(first.positions.instrument) == ["S0001.XNAS", "S0002.XNAS"]
    request = pb.ListPositionsRequest(page_size=2, page_token=first.next_page_token)
    second = await ada.portfolio.ListPositions(request)
    assert list(second.positions.instrument) == ["S0003.XNAS"]
    assert not second.next_page_token


async def test_the_curve_of_an_unknown_account_is_not_found(ada: Client) -> None:
    request = pb.GetEquityCurveRequest(account="SIM-009")
    _, info = await refusal(ada.portfolio.GetEquityCurve(request))
    assert info.reason == "RESOURCE_NOT_FOUND"


async def test_a_curve_is_thinned_and_keeps_its_last_point(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    for n in range(25):
        batch = events.batch(events.fill(quantity="1", client_order_id=f"O-{n}", at=n))
        await ada.events.RecordEvents(batch)
        deck.area.ticker.flush()
    await deck.area.sampler.write()
    whole = await ada.portfolio.GetEquityCurve(pb.GetEquityCurveRequest(account="SIM-001"))
    thin = await ada.portfolio.GetEquityCurve(
        pb.GetEquityCurveRequest(account="SIM-001", max_points=7)
    )
    assert len(whole.event_time_ns) == 25
    assert len(thin.event_time_ns) <= 7
    assert thin.event_time_ns[0] == whole.event_time_ns[0]
    assert thin.event_time_ns[-1] == whole.event_time_ns[-1]
