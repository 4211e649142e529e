"""The execution quality of groups of orders."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.execution.asking import Key, Manner
from quarterdeck_server.analytics.domain.execution.costs import BPS, PARTS, Costs, costs
from quarterdeck_server.analytics.domain.execution.market import Market, Source, Sources
from quarterdeck_server.analytics.domain.execution.orders import Orders, Texts
from quarterdeck_server.analytics.domain.execution.pricing import Priced, priced
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.execution.benchmark import Bools, Times
from quarterdeck_server.quant.execution.orders import (
    PERCENTS,
    fill_ratio,
    latency_percentiles,
    maker_share,
    share,
)
from quarterdeck_server.quant.series import FloatArray


@dataclass(frozen=True, slots=True)
class Markout:
    """What the market did until a horizon."""

    horizon_ns: int
    mean_bps: Estimate
    missing: int


@dataclass(frozen=True, slots=True)
class Latencies:
    """Percentiles of a latency, and how many orders' clocks contradict each other."""

    kind: str
    by_percent: Mapping[float, Estimate]
    skewed: int


@dataclass(frozen=True, slots=True)
class PriceUse:
    """How many orders were compared with a reference price of a source."""

    reference: str
    source: Source
    orders: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How well a group of orders was executed; ``means`` by the contract's names."""

    group: str
    currency: str
    orders: int
    denied: int
    fills: int
    notional: float
    shortfall: Mapping[str, Estimate]
    means: Mapping[str, Estimate]
    markouts: tuple[Markout, ...]
    latencies: tuple[Latencies, ...]
    price_uses: tuple[PriceUse, ...]
    foreign_fees: int


@dataclass(frozen=True, slots=True)
class QualityWindow:
    """The quality of the orders made since a time, up to the newest change; 0 if there is none."""

    qualities: tuple[Quality, ...] = ()
    start_ns: int = 0
    newest_ns: int = 0


def qualities(orders: Orders, markets: Mapping[str, Market], manner: Manner) -> tuple[Quality, ...]:
    """Return the quality of each group and currency, the most orders first."""
    prices = priced(orders, markets, manner)
    found = costs(orders, prices)
    groups = _groups(orders, manner.key)
    pairs = sorted({*zip(groups.tolist(), prices.currency.tolist(), strict=True)})
    made = [
        _Group(orders, prices, found, (groups == group) & (prices.currency == currency)).quality(
            group, currency, manner
        )
        for group, currency in pairs
    ]
    return tuple(sorted(made, key=lambda one: -one.orders))


def weighted(values: FloatArray, weights: FloatArray) -> Estimate:
    """Return the weighted mean of the values that are known."""
    known = ~np.isnan(values) & (weights > 0)
    if not known.any():
        return Estimate.insufficient(0, 1)
    mean = np.dot(values[known], weights[known]) / weights[known].sum()
    return Estimate.of(mean, int(known.sum()))


def _shortfall(found: Costs, chosen: Bools) -> dict[str, Estimate]:
    """Return the parts of the shortfall of orders in basis points of the ordered value."""
    parts = {name: found.part(name)[chosen] for name in PARTS}
    paper = float(found.shortfall.paper[chosen][~np.isnan(parts["total"])].sum())
    counts = {name: int((~np.isnan(amounts)).sum()) for name, amounts in parts.items()}
    return {
        name: Estimate.of(np.nansum(amounts) / paper * BPS, counts[name])
        if counts[name]
        else Estimate.insufficient(0, 1)
        for name, amounts in parts.items()
    }


def _groups(orders: Orders, key: Key) -> Texts:
    if key is Key.NONE:
        return np.full(len(orders), "", dtype=object)
    column: Texts = getattr(orders, key.value)
    return column


class _Group:
    """Some of the orders, and what they cost."""

    def __init__(self, orders: Orders, prices: Priced, found: Costs, chosen: Bools) -> None:
        self._orders, self._prices, self._costs = orders, prices, found
        self._all, self._sent = chosen, chosen & orders.is_sent
        self._fills = self._sent[orders.fills.order]

    def quality(self, group: str, currency: str, manner: Manner) -> Quality:
        return Quality(
            group=group,
            currency=currency,
            orders=int(self._sent.sum()),
            denied=self._count("DENIED", self._all),
            fills=int(self._fills.sum()),
            notional=float(self._costs.notional[self._sent].sum()),
            shortfall=_shortfall(self._costs, self._sent),
            means=self._means(),
            markouts=tuple(
                self._markout(place, horizon) for place, horizon in enumerate(manner.horizons_ns)
            ),
            latencies=self._latencies(),
            price_uses=self._price_uses(),
            foreign_fees=int(self._costs.has_foreign_fee[self._fills].sum()),
        )

    def _count(self, status: str, among: Bools) -> int:
        return int((self._orders.status[among] == status).sum())

    def _means(self) -> dict[str, Estimate]:
        found, sent, fills = self._costs, self._sent, self._fills
        by_order = {
            "arrival_slippage_bps": found.arrival,
            "vwap_slippage_bps": found.vwap,
            "twap_slippage_bps": found.twap,
            "close_slippage_bps": found.close,
            "participation": found.participation,
        }
        by_fill = {
            "effective_spread_bps": found.effective,
            "realised_spread_bps": found.realised,
        }
        return {
            **{n: weighted(each[sent], found.notional[sent]) for n, each in by_order.items()},
            **{n: weighted(each[fills], found.fill_notional[fills]) for n, each in by_fill.items()},
            "fill_ratio": self._fill_ratio(),
            "reject_ratio": share(self._count("REJECTED", sent), int(sent.sum())),
            "cancel_ratio": share(self._count("CANCELED", sent), int(sent.sum())),
            "maker_share": self._maker_share(),
        }

    def _fill_ratio(self) -> Estimate:
        ended = self._sent & self._orders.is_ended & (self._orders.quantity > 0)
        shares = self._orders.filled[ended] / self._orders.quantity[ended]
        return fill_ratio(np.minimum(shares, 1.0), np.ones(len(shares)))

    def _maker_share(self) -> Estimate:
        fills = self._orders.fills
        said = self._fills & np.isin(fills.liquidity, ("MAKER", "TAKER"))
        values, makers = self._costs.fill_notional[said], fills.liquidity[said] == "MAKER"
        return maker_share(makers, values, np.ones(len(values))).by_value

    def _markout(self, place: int, horizon_ns: int) -> Markout:
        moves = self._costs.moves[self._fills, place]
        mean = weighted(moves, self._costs.fill_notional[self._fills])
        return Markout(horizon_ns, mean, len(moves) - mean.count)

    def _latencies(self) -> tuple[Latencies, ...]:
        orders = self._orders
        spans = (
            ("SENT_TO_ACCEPTED", orders.submit_ns, orders.accept_ns),
            ("SENT_TO_FILLED", orders.submit_ns, orders.first_fill_ns),
            ("CANCEL_TO_CANCELED", orders.cancel_request_ns, self._canceled_ns()),
        )
        return tuple(self._latency(*each) for each in spans)

    def _canceled_ns(self) -> Times:
        return np.where(self._orders.status == "CANCELED", self._orders.end_ns, 0)

    def _latency(self, kind: str, starts: Times, ends: Times) -> Latencies:
        both = self._sent & (starts > 0) & (ends > 0)
        spans = (ends - starts)[both]
        # Two clocks, of which one runs before the other.
        skewed = spans < 0
        found = latency_percentiles(spans[~skewed].astype(np.float64), PERCENTS)
        return Latencies(kind, found, int(skewed.sum()))

    def _price_uses(self) -> tuple[PriceUse, ...]:
        columns: Mapping[str, Sources] = {
            "ARRIVAL": self._prices.arrival_source,
            "VWAP": self._prices.vwap_source,
            "TWAP": self._prices.twap_source,
        }
        used = [
            PriceUse(name, source, int((column[self._sent] == source).sum()))
            for name, column in columns.items()
            for source in Source
            if source
        ]
        return tuple(one for one in used if one.orders)
