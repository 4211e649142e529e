"""All metrics of a track, its curve and its drawdowns."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.matching import Matched
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.drawdown import Spell, drawdowns_of, spells_of
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.flows import money_weighted_return
from quarterdeck_server.quant.metric_set import Metrics, metric_set
from quarterdeck_server.quant.returns import growth_of
from quarterdeck_server.quant.series import FloatArray

MOST_DRAWDOWNS = 10


@dataclass(frozen=True, slots=True)
class Performance:
    """The metrics of a track."""

    track: Track
    metrics: Metrics
    unmatched: int
    money_weighted: Estimate | None
    """Absent for what has no capital of its own."""


@dataclass(frozen=True, slots=True)
class Curve:
    """What one unit of capital became: shape (n + 1,), and its drawdowns."""

    growth: FloatArray
    drawdowns: FloatArray
    deepest: tuple[Spell, ...]


def performance(
    matched: Matched,
    conventions: Conventions,
    risk_free: FloatArray | None,
    money_weighted: Estimate | None = None,
) -> Performance:
    """Compute all metrics of a subject, against its benchmark if it has one."""
    track = matched.track
    found = metric_set(
        track.returns,
        conventions,
        benchmark=matched.benchmark,
        dates=track.days if len(track.returns) else None,
        risk_free=risk_free,
    )
    return Performance(track, found.metrics, matched.unmatched, money_weighted)


def money_weighted(track: Track) -> Estimate | None:
    """Return the rate a year at which the flows of a track's capital became its last value."""
    capital = track.capital
    if capital is None or not len(track.returns):
        return None
    amounts = np.concatenate(([-capital.values[0]], -capital.flows))
    amounts[-1] += capital.values[-1]
    moved = amounts != 0
    days = (track.days - track.days[0]).astype(np.float64)
    return money_weighted_return(amounts[moved], days[moved])


def curve(track: Track) -> Curve:
    """Return the growth of one unit, its drawdowns and the deepest of them."""
    growth = growth_of(track.returns)
    if not np.isfinite(growth).all():
        raise InvalidField("with_columns", "asks for a growth that is larger than a double holds")
    under = drawdowns_of(growth)
    deepest = sorted(spells_of(under), key=lambda spell: spell.depth)[:MOST_DRAWDOWNS]
    return Curve(growth, under, tuple(deepest))
