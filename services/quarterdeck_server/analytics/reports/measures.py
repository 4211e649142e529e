"""The metrics of a report, each with its definition."""

from dataclasses import dataclass

from quarterdeck_server.analytics.domain.performance import Performance
from quarterdeck_server.quant.definitions import DEFINITIONS, Definition, Unit
from quarterdeck_server.quant.estimate import Estimate

MONEY_WEIGHTED = "money_weighted_return"
RATE = Definition(
    "Money-weighted return",
    Unit.FRACTION_A_YEAR,
    "the rate at which all flows amount to the last value (XIRR, Act/365)",
    "GIPS",
)


@dataclass(frozen=True, slots=True)
class Measure:
    """A metric: its name, what it means and its value."""

    name: str
    definition: Definition
    estimate: Estimate


def measures(found: Performance) -> tuple[Measure, ...]:
    """Return the metrics in the order of their definitions, and the money-weighted return last."""
    metrics = found.metrics
    listed = [
        Measure(name, meaning, metrics[name])
        for name, meaning in DEFINITIONS.items()
        if name in metrics
    ]
    if found.money_weighted is not None:
        listed.append(Measure(MONEY_WEIGHTED, RATE, found.money_weighted))
    return tuple(listed)
