"""Why one composition earned another return than the other, by group and over all days."""

from dataclasses import dataclass

import numpy as np

from quarterdeck_server.analytics.domain.attribution.composing import Side, aligned
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.attribution.brinson import Effects, effects_of
from quarterdeck_server.quant.attribution.linking import (
    Linked,
    Linking,
    linked,
    linked_contributions,
)
from quarterdeck_server.quant.series import FloatArray

MOST_GROWTH = 300.0
"""The logarithm of the largest growth: factors are products of two such, which a double holds."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The effects of all days together, and what they are of; ``days`` has the start first."""

    groups: tuple[str, ...]
    days: tuple[int, ...]
    portfolio: Side
    benchmark: Side
    effects: Effects
    linked: Linked
    contributed: tuple[FloatArray, FloatArray]
    """What each group contributed to the compounded returns of both."""

    @property
    def order(self) -> list[int]:
        """The groups by the magnitude of their effects, the largest first."""
        found: list[int] = np.argsort(-np.abs(self.linked.total), kind="stable").tolist()
        return found


def attribution(
    portfolio: Side, benchmark: Side, days: tuple[int, ...], linking: Linking
) -> Attribution:
    """Explain the difference of two compositions; refuses returns that cannot be linked."""
    own, other = aligned(portfolio, benchmark)
    effects = effects_of(
        own.weights,
        other.weights,
        own.contributions,
        other.contributions,
        portfolio_gross=own.gross,
        benchmark_gross=other.gross,
    )
    for name, returns in (("portfolio", effects.portfolio), ("benchmark", effects.benchmark)):
        _check_linkable(name, returns, days)
    return Attribution(
        groups=own.groups,
        days=days,
        portfolio=own,
        benchmark=other,
        effects=effects,
        linked=linked(effects, linking),
        contributed=(
            linked_contributions(own.contributions),
            linked_contributions(other.contributions),
        ),
    )


def _check_linkable(name: str, returns: FloatArray, days: tuple[int, ...]) -> None:
    if len(returns) and returns.min() <= -1:
        place = int(np.argmax(returns <= -1))
        day = np.datetime64(days[place + 1], "D")
        raise InvalidField(name, f"returned {returns[place]:g} on {day}, which cannot be linked")
    if (np.abs(np.cumsum(np.log1p(returns))) > MOST_GROWTH).any():
        raise InvalidField(name, "grew or shrank by more than can be linked")
