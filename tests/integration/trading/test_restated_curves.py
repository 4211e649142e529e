"""Equity curves after late events: as if every event had come in order, once, crash or not."""

from collections.abc import Iterator

import pytest
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck, Open
from tests.integration.trading.history import BARS
from tests.integration.trading.waiting import until

from quarterdeck.api.trading.v1 import portfolio_service_pb2 as pb
from quarterdeck.api.trading.v1.node_pb2 import NodeHealth
from quarterdeck.api.trading.v1.node_service_pb2 import ReportNodeRequest
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.trading import restater
from quarterdeck_server.trading.restater import Restater
from quarterdeck_server.trading.store import curve


@pytest.fixture(autouse=True)
def bars() -> Iterator[None]:
    """Prices of AAPL after a minute and after three; none of anything else."""
    BARS["AAPL.XNAS"] = [(60, 55.0), (180, 60.0)]
    yield
    BARS.clear()


async def record(deck: Deck, ada: Client, *told: object) -> None:
    """Record events one by one, each of them shown and kept."""
    for one in told:
        await ada.events.RecordEvents(events.batch(one))
        deck.area.ticker.flush()
    await deck.area.sampler.write()


async def restated(deck: Deck) -> None:
    """Return when nothing is left to be told anew."""

    async def done() -> bool:
        await deck.area.restater.work()
        return not await waiting(deck)

    await until(done)


async def waiting(deck: Deck) -> int:
    return await deck.shared.postgres.fetchval("SELECT count(*) FROM trading.restatement")


async def points(
    ada: Client, strategy: str = "", account: str = "SIM-001"
) -> dict[int, tuple[float, float, float]]:
    """Return equity (of an account), realised and unrealised profit by second."""
    request = pb.GetEquityCurveRequest(account=account, strategy=strategy)
    found = await ada.portfolio.GetEquityCurve(request)
    times = [ns // 10**9 - events.DAY_S for ns in found.event_time_ns]
    equity = found.equity or [0.0] * len(times)
    rows = zip(equity, found.realised_profit, found.unrealised_profit, strict=True)
    return dict(zip(times, rows, strict=True))


def steps(*prices: str) -> list:
    """Return purchases of one share of MSFT a minute and forty seconds apart."""
    return [
        events.fill("1", price, at=100 * n, client_order_id=f"O-{n}", instrument="MSFT.XNAS")
        for n, price in enumerate(prices)
    ]


async def test_a_late_fill_is_worth_what_the_market_said_then(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    await record(deck, ada, *steps("10", "10", "10", "10"))
    late = events.fill("10", "50", at=50, client_order_id="L", strategy="Late-001", fee="1")
    await record(deck, ada, late)
    await restated(deck)
    account = await points(ada)
    assert {at: row[0] for at, row in account.items()} == {
        0: 1000,
        100: 1000 + 50 - 1,
        200: 1000 + 100 - 1,
        300: 999,
    }
    folded = await deck.shared.postgres.fetch(
        "SELECT equity FROM trading.equity_rollup "
        "WHERE account = 'SIM-001' AND strategy = '' AND seconds = 60 ORDER BY start_ns"
    )
    assert [row["equity"] for row in folded] == [row[0] for row in account.values()]


async def test_what_comes_after_a_bust_reaches_points_that_were_shown_before_it(
    open_deck: Open,
) -> None:
    share = {"instrument": "MSFT.XNAS"}
    paid = [
        events.fill("1", "10", at=at, fee="1", client_order_id=f"P-{at}", **share)
        for at in (220, 280)
    ]
    async with open_deck() as deck:
        ada = await deck.client()
        await ada.nodes.RegisterNode(events.registration(balance="1000"))
        await record(deck, ada, *steps("10", "10"))
        await record(deck, ada, events.fill("1", "10", at=300, trade_id="T-x", **share))
        await record(deck, ada, events.bust("T-x", at=310, **share))
        await record(deck, ada, paid[0])
        await restated(deck)
    async with open_deck() as deck:
        ada = await deck.client()
        await record(deck, ada, paid[1])
        await restated(deck)
        curve = {at: row[0] for at, row in (await points(ada)).items()}
    assert curve == {0: 1000, 100: 1000, 220: 999, 280: 998, 300: 998}


def life(account: str, instrument: str) -> tuple[list, list]:
    """Return the same trading in order and as it came: late, corrected and busted."""
    where = {"account": account, "instrument": instrument, "fee": "1"}
    sides = ("BUY", "BUY", "SELL", "BUY", "SELL", "SELL")
    fills = [
        events.fill(f"{n + 2}", f"{20 + 3 * n}", side=side, at=10 * n, trade_id=f"T-{n}", **where)
        for n, side in enumerate(sides)
    ]
    for n, one in enumerate(fills):
        one.fill.client_order_id = f"O-{n}"
    wrong, never = (
        events.fill("5", "90", at=at, trade_id=f"T-{n}", client_order_id=f"O-{n}", **where)
        for n, at in ((1, 10), (9, 25))
    )
    right = events.correction("T-1", "3", "23", client_order_id="O-1", at=90, **where)
    bust = events.bust("T-9", client_order_id="O-9", at=95, account=account, instrument=instrument)
    late = (fills[0], fills[3], never, wrong, fills[5], right, fills[4], bust, fills[2])
    return fills, list(late)


async def test_late_corrected_and_busted_fills_leave_the_curve_of_those_in_order(
    deck: Deck, ada: Client
) -> None:
    BARS.clear()
    for account in ("SIM-001", "SIM-002"):
        await ada.nodes.RegisterNode(events.registration(account, balance="1000"))
    await record(deck, ada, *life("SIM-001", "AAPL.XNAS")[1])
    await restated(deck)
    await record(deck, ada, *life("SIM-002", "MSFT.XNAS")[0])
    for strategy in ("", "Ema-001"):
        found = await points(ada, strategy)
        right = await points(ada, strategy, "SIM-002")
        assert {0, 30, 50} <= found.keys() <= right.keys()
        assert found == {at: pytest.approx(right[at]) for at in found}


async def test_a_failure_on_the_way_moves_no_point_twice(
    deck: Deck, ada: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    await record(deck, ada, *steps("10", "10", "10"))

    async def broken(*_: object) -> None:
        raise Unavailable("the database went away", dependency="postgres")

    with monkeypatch.context() as patched:
        patched.setattr(curve, "restated", broken)
        await record(deck, ada, events.fill("10", "50", at=50, client_order_id="L"))
        await deck.area.restater.work()
        assert await waiting(deck) == 1
        assert (await points(ada))[100][0] == 1000
    for _ in range(2):
        await deck.area.restater.work()
        assert (await points(ada))[100][0] == 1050


async def test_a_late_deposit_is_equity_from_its_time_on(deck: Deck, ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    await record(deck, ada, *steps("10", "10", "10"))
    await ada.events.RecordAdjustments(
        events.adjustments(events.cash_flow("DEPOSIT", "500", at=50))
    )
    await restated(deck)
    assert {at: row[0] for at, row in (await points(ada)).items()} == {
        0: 1000,
        100: 1500,
        200: 1500,
    }


@pytest.mark.parametrize("dropped_s", [0, 250])
async def test_rollups_of_dropped_points_are_restated_like_those_of_kept_ones(
    deck: Deck, ada: Client, dropped_s: int
) -> None:
    store = deck.shared.postgres
    await ada.nodes.RegisterNode(events.registration(balance="1000"))
    await record(deck, ada, *steps("10", "11", "12", "13"))
    until_ns = (events.DAY_S + dropped_s) * 10**9
    await store.execute("DELETE FROM trading.equity_point WHERE event_time_ns < $1", until_ns)
    late = events.fill("10", "50", at=50, client_order_id="L", strategy="Late-001", fee="1")
    await record(deck, ada, late)
    await restated(deck)
    rows = await store.fetch(
        "SELECT equity_open, equity_high, equity_low, equity, fees FROM trading.equity_rollup "
        "WHERE account = 'SIM-001' AND strategy = '' ORDER BY seconds, start_ns"
    )
    closes = [1000, 1000 + 1 + 50 - 1, 1000 + 3 + 100 - 1, 1000 + 6 - 1]
    assert [row["equity"] for row in rows[:4]] == closes
    assert [row["fees"] for row in rows] == [0, 1, 1, 1, 1, 1]
    assert {row["equity_open"] for row in rows[4:]} == {1000}
    assert {row["equity_high"] for row in rows[4:]} == {closes[2]}
    assert {row["equity_low"] for row in rows[4:]} == {1000}


@pytest.mark.parametrize("first", ["records", "reports"])
async def test_what_a_crash_left_is_told_anew_as_soon_as_somebody_may_ask_the_market(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch, first: str
) -> None:
    async def nothing(_: Restater) -> None:
        return

    with monkeypatch.context() as patched:
        patched.setattr(Restater, "work", nothing)
        async with open_deck() as deck:
            ada = await deck.client()
            await ada.nodes.RegisterNode(events.registration(balance="1000"))
            await record(deck, ada, *steps("10", "10", "10"))
            await record(deck, ada, events.fill("10", "50", at=50, client_order_id="L"))
    async with open_deck() as deck:
        ada = await deck.client()
        await deck.area.restater.work()
        assert await waiting(deck) == 1
        if first == "records":
            await record(deck, ada, events.order("O-9", at=200))
        else:
            await ada.nodes.ReportNode(ReportNodeRequest(name="nodes/demo", health=NodeHealth()))
        await restated(deck)
        assert (await points(ada))[100][0] == 1050


async def test_an_account_that_has_to_wait_does_not_keep_others_waiting(
    open_deck: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restater, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(Restater, "borrow", lambda *_: None)
    async with open_deck() as deck:
        ada = await deck.client()
        await record(deck, ada, *steps("10", "10"), events.fill(at=100, account="SIM-002"))
        late = events.fill("10", "50", at=50, client_order_id="L")
        await record(deck, ada, late, events.cash_flow("INTEREST", "5", at=50, account="SIM-002"))
    async with open_deck() as deck:
        await until(lambda: _is_left(deck, "SIM-001"))


async def _is_left(deck: Deck, account: str) -> bool:
    rows = await deck.shared.postgres.fetch("SELECT account FROM trading.restatement")
    return [row["account"] for row in rows] == [account]
