"""What is read of the market around orders: enough, and in the right order."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.analytics.executions import DAY_NS, S, at, bars, market, orders

from quarterdeck_server.analytics.domain.execution.asking import (
    AskedOrders,
    Manner,
    Scope,
    Window,
)
from quarterdeck_server.analytics.domain.execution.budget import Budget
from quarterdeck_server.analytics.domain.execution.market import (
    Bars,
    Facts,
    Market,
    Quotes,
    Trades,
)
from quarterdeck_server.analytics.domain.execution.orders import Orders
from quarterdeck_server.analytics.domain.execution.slippage import Slippages, slippages
from quarterdeck_server.analytics.domain.execution.spans import Span
from quarterdeck_server.analytics.executions import Executions
from quarterdeck_server.quant.execution.benchmark import Times
from quarterdeck_server.runtime.compute import Compute

NAME = "AAPL.XNAS"
MANNER = Manner(horizons_ns=(S, 10 * S))
WANTED = AskedOrders(Scope(), Window(), MANNER)
COSTS = ("arrival", "vwap", "twap", "close", "participation")
HOUR_S, DAY_S = 3_600, 86_400


@dataclass
class Log:
    """A log of orders."""

    orders: Orders

    async def page(self, wanted: AskedOrders, size: int, token: str) -> tuple[Orders, str]:
        return self.orders, ""


class Here(Compute):
    """Computes at once, so that nothing waits for threads."""

    async def thread[**P, R](self, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        return work(*args, **kwargs)


@dataclass
class GoingOn:
    """A market with a quote a second, which goes on for a while with every question."""

    now: int = 61

    async def facts(self, instrument: str) -> Facts:
        self.now += 60
        return Facts("USD")

    async def newest_quote_ns(self, instrument: str) -> int:
        self.now += 60
        return at(self.now - 60)

    async def quotes(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Quotes:
        seconds = np.arange(self.now + 1)
        self.now += 60
        return Quotes(np.array([at(one) for one in seconds]), 100.0 + seconds)

    async def trades(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Trades:
        return Trades()

    async def bars(
        self, instrument: str, span_ns: int, spans: Sequence[Span], budget: Budget
    ) -> Bars:
        return Bars(DAY_NS)


async def test_a_horizon_is_not_known_before_its_quotes_were_read() -> None:
    measured = Executions(Log(orders({})), GoingOn(), Compute())
    (one,) = await measured.qualities(WANTED)
    assert [(m.mean_bps.count, m.missing) for m in one.markouts] == [(1, 0), (0, 1)]


@dataclass
class Recorded:
    """A market of which only the wanted spans are told."""

    whole: Market

    async def facts(self, instrument: str) -> Facts:
        return self.whole.facts

    async def newest_quote_ns(self, instrument: str) -> int:
        return self.whole.newest_ns

    async def quotes(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Quotes:
        all_ = self.whole.quotes
        told = within(all_.time_ns, spans)
        return Quotes(all_.time_ns[told], all_.price[told])

    async def trades(self, instrument: str, spans: Sequence[Span], budget: Budget) -> Trades:
        all_ = self.whole.trades
        told = within(all_.time_ns, spans)
        names = None if all_.trade_id is None else all_.trade_id[told]
        return Trades(all_.time_ns[told], all_.price[told], all_.size[told], names)

    async def bars(
        self, instrument: str, span_ns: int, spans: Sequence[Span], budget: Budget
    ) -> Bars:
        (all_,) = (each for each in self.whole.bars if each.span_ns == span_ns)
        told = within(all_.close_ns, spans)
        columns = (all_.close_ns, all_.typical, all_.close, all_.volume)
        return Bars(span_ns, *(column[told] for column in columns))


def within(times_ns: Times, spans: Sequence[Span]) -> np.ndarray:
    places = np.zeros(len(times_ns), np.bool_)
    for start_ns, last_ns in spans:
        places |= (start_ns <= times_ns) & (times_ns <= last_ns)
    return places


price = st.floats(90, 110)
second = st.integers(1, HOUR_S)
quoted = st.dictionaries(second, price, max_size=15).map(lambda found: dict(sorted(found.items())))
traded = st.lists(st.tuples(second, price, st.floats(1, 9), st.sampled_from("ABC")), max_size=15)
minutes = st.lists(
    st.tuples(st.integers(1, 60).map(lambda n: 60 * n), price, price, st.floats(0, 50)),
    unique_by=lambda row: row[0],
    min_size=1,
)
MARKETS = st.builds(
    lambda quotes, trades, rows: market(
        quotes,
        sorted(trades),
        (bars(60, *sorted(rows)), bars(DAY_S, (DAY_S, 100.0, 100.0, 500.0))),
    ),
    quoted,
    traded,
    minutes,
)


def row(sent: int, life: int, status: str, trade_id: str) -> dict:
    fill = {"trade_id": trade_id, "time_ns": sent + life, "quantity": 4.0}
    fills = [] if status == "REJECTED" else [fill]
    times = {"submit_ns": sent, "accept_ns": sent, "end_ns": sent + life}
    return {"status": status, "fills": fills, **times}


ROWS = st.lists(
    st.builds(
        row,
        second,
        st.sampled_from((0, 1, 20, 300, 2_000)),
        st.sampled_from(("FILLED", "CANCELED", "REJECTED")),
        st.sampled_from("ABC"),
    ),
    min_size=1,
    max_size=4,
)


def told(found: Slippages) -> np.ndarray:
    """What is told of each order, an order a row; NaN where there is no value."""
    columns = [getattr(found.costs, name) for name in COSTS]
    return np.stack([*columns, *found.shortfalls.values()], axis=1)


@settings(max_examples=25)
@given(known=MARKETS, rows=ROWS)
def test_an_order_costs_what_the_whole_market_says_whoever_is_asked_about_beside_it(
    known: Market, rows: list[dict]
) -> None:
    def asked(some: Orders) -> np.ndarray:
        measured = Executions(Log(some), Recorded(known), Here())
        return told(asyncio.run(measured.slippages(WANTED, 10, ""))[0])

    made = orders(*rows, {})
    alone = [asked(made.of(np.arange(len(made)) == place)) for place in range(len(made))]
    wanted = told(slippages(made, {NAME: known}, MANNER))
    for found in (asked(made), np.concatenate(alone)):
        np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-6)
