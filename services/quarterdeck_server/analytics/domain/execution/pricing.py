"""What each order is compared with: reference prices, and from which data they come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck_server.analytics.domain.execution.asking import Manner
from quarterdeck_server.analytics.domain.execution.averages import Lives
from quarterdeck_server.analytics.domain.execution.market import (
    DAY_NS,
    Bars,
    Facts,
    Market,
    Source,
    Sources,
)
from quarterdeck_server.analytics.domain.execution.orders import Orders, Texts
from quarterdeck_server.analytics.domain.execution.spans import REALISED_NS, later
from quarterdeck_server.quant.execution.benchmark import Bools, Times, last_prices
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Priced:
    """Prices by order and by fill; NaN where nothing was recorded.

    ``market`` is what others traded over each order's life.
    """

    currency: Texts
    multiplier: FloatArray
    is_inverse: Bools
    arrival: FloatArray
    arrival_source: Sources
    end: FloatArray
    vwap: FloatArray
    vwap_source: Sources
    twap: FloatArray
    twap_source: Sources
    close: FloatArray
    market: FloatArray
    fill_mid: FloatArray
    realised_mid: FloatArray
    horizon_mids: FloatArray
    """Shape (m, h)."""


_OF_FILLS = {"fill_mid", "realised_mid", "horizon_mids"}


def priced(orders: Orders, markets: Mapping[str, Market], manner: Manner) -> Priced:
    """Give orders their reference prices; there is a market for each of their instruments."""
    known = markets or {"": Market(Facts(""))}
    chosen = [orders.instrument == instrument for instrument in known]
    parts = [
        _priced(orders.of(some), market, manner)
        for some, market in zip(chosen, known.values(), strict=True)
    ]
    of_orders = _places(chosen)
    of_fills = _places([some[orders.fills.order] for some in chosen])
    columns: dict[str, Any] = {
        one.name: np.concatenate([getattr(part, one.name) for part in parts])[
            of_fills if one.name in _OF_FILLS else of_orders
        ]
        for one in fields(Priced)
    }
    return Priced(**columns)


def _places(chosen: Sequence[Bools]) -> NDArray[np.intp]:
    """Return where each row is when its parts follow each other."""
    return np.argsort(np.concatenate([np.flatnonzero(some) for some in chosen]))


def lacking(orders: Orders, market: Market, manner: Manner, span_ns: int) -> Bools:
    """Tell which of the orders in one instrument need bars of a length.

    Ticks do not tell all of their prices, and bars of that length may.
    """
    lives = Lives(orders, market, manner.most_age_ns)
    arrival, _ = _at(orders.sent_ns, market, manner.most_age_ns)
    end, _ = _at(orders.life_end_ns, market, manner.most_age_ns)
    is_missed = orders.is_ended & (orders.filled < orders.quantity)
    averages = np.isnan(lives.vwap()[0]) | np.isnan(lives.twap()[0])
    unknown = np.isnan(arrival) | (is_missed & np.isnan(end)) | (averages & lives.allow(span_ns))
    return np.asarray(unknown & orders.is_sent)


def _priced(orders: Orders, market: Market, manner: Manner) -> Priced:
    others = Lives(orders, market, manner.most_age_ns)
    arrival, arrival_source = _at(orders.sent_ns, market, manner.most_age_ns)
    vwap, vwap_source, volume = others.vwap()
    twap, twap_source = others.twap()
    mids = [_mids(orders, market, each, manner.most_age_ns) for each in (0, REALISED_NS)]
    after = [_mids(orders, market, each, manner.most_age_ns) for each in manner.horizons_ns]
    return Priced(
        currency=np.full(len(orders), market.facts.currency, dtype=object),
        multiplier=np.full(len(orders), market.facts.multiplier),
        is_inverse=np.full(len(orders), market.facts.is_inverse),
        arrival=arrival,
        arrival_source=arrival_source,
        end=_at(orders.life_end_ns, market, manner.most_age_ns)[0],
        vwap=vwap,
        vwap_source=vwap_source,
        twap=twap,
        twap_source=twap_source,
        close=_closes(orders.sent_ns, market),
        market=volume,
        fill_mid=mids[0],
        realised_mid=mids[1],
        horizon_mids=np.stack(after, axis=1) if after else np.empty((len(mids[0]), 0)),
    )


def _at(moments_ns: Times, market: Market, most_age_ns: int) -> tuple[FloatArray, Sources]:
    """Return the price at each moment, from quotes, else trades, else the finest bars."""
    bars = market.bars[0] if market.bars else Bars(0)
    candidates = (
        (Source.QUOTES, market.quotes.time_ns, market.quotes.price),
        (Source.TRADES, market.trades.time_ns, market.trades.price),
        (Source.BARS, bars.close_ns, bars.close),
    )
    found, source = np.full(len(moments_ns), np.nan), np.zeros(len(moments_ns), np.int8)
    for name, times_ns, prices in candidates:
        missing = np.isnan(found)
        found[missing] = last_prices(times_ns, prices, moments_ns[missing], most_age_ns)
        source[missing & ~np.isnan(found)] = name
    found[moments_ns == 0] = np.nan
    source[moments_ns == 0] = Source.NONE
    return found, source


def _mids(orders: Orders, market: Market, later_ns: int, most_age_ns: int) -> FloatArray:
    """Return the middle price a while after each fill, if that is known already."""
    quotes, wanted_ns = market.quotes, later(orders.fills.time_ns, later_ns)
    found = last_prices(quotes.time_ns, quotes.price, wanted_ns, most_age_ns)
    if later_ns:
        found[wanted_ns > market.newest_ns] = np.nan
    return found


def _closes(sent_ns: Times, market: Market) -> FloatArray:
    days = (sent_ns // DAY_NS).astype("datetime64[D]")
    known = market.days
    if not len(known.dates):
        return np.full(len(sent_ns), np.nan)
    place = np.minimum(np.searchsorted(known.dates, days), len(known.dates) - 1)
    return np.where((known.dates[place] == days) & (sent_ns > 0), known.close[place], np.nan)
