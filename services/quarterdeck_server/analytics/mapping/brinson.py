"""Compositions and attributions to and from messages."""

import numpy as np

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as service_pb
from quarterdeck.api.analytics.v1 import brinson_pb2 as pb
from quarterdeck_server.analytics.attributing import Attributed
from quarterdeck_server.analytics.domain.attribution.asking import AskedBrinson, Composition
from quarterdeck_server.analytics.domain.attribution.brinson import Attribution
from quarterdeck_server.analytics.domain.attribution.composing import GivenGroups, Weighted
from quarterdeck_server.analytics.domain.subject import EARLIEST, Portfolio
from quarterdeck_server.analytics.mapping.asking import check_days, period_from
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.attribution.brinson import SLACK
from quarterdeck_server.quant.attribution.linking import Linking
from quarterdeck_server.quant.series import LARGEST, FloatArray
from quarterdeck_server.runtime.convert import floats, ints
from quarterdeck_server.runtime.day import day_to


def asked_from(request: service_pb.ComputeBrinsonRequest) -> AskedBrinson:
    """Read what is held against what."""
    linking = request.linking or pb.LINKING_METHOD_CARINO
    name = pb.LinkingMethod.Name(linking).removeprefix("LINKING_METHOD_")
    return AskedBrinson(
        portfolio=_composition_from(request.portfolio, "portfolio"),
        benchmark=_composition_from(request.benchmark, "benchmark"),
        period=period_from(request),
        groups=dict(request.groups),
        linking=Linking[name],
    )


def attribution_to(told: Attributed, linking: Linking) -> pb.BrinsonAttribution:
    """Write an attribution."""
    found = told.attribution
    whole, days = found.linked, found.days
    has_any = len(days) > 1
    return pb.BrinsonAttribution(
        groups=[_group_to(found, place) for place in found.order],
        portfolio_return=whole.portfolio,
        benchmark_return=whole.benchmark,
        active_return=whole.active,
        allocation=whole.allocation.sum(),
        selection=whole.selection.sum(),
        interaction=whole.interaction.sum(),
        count=max(0, len(days) - 1),
        start_date=day_to(days[0]) if has_any else None,
        end_date=day_to(days[-1]) if has_any else None,
        linking=pb.LinkingMethod.Value(f"LINKING_METHOD_{linking.name}"),
        currency=told.currency,
        unpriced_instruments=told.unpriced,
    )


def columns_to(found: Attribution) -> pb.BrinsonColumns:
    """Write the days behind an attribution."""
    return pb.BrinsonColumns(
        days=found.days[1:],
        portfolio_returns=found.effects.portfolio,
        benchmark_returns=found.effects.benchmark,
        factors=found.linked.factors,
        groups=[
            pb.GroupColumns(
                group=found.groups[place],
                portfolio_weights=found.portfolio.weights[:, place],
                benchmark_weights=found.benchmark.weights[:, place],
                portfolio_contributions=found.portfolio.contributions[:, place],
                benchmark_contributions=found.benchmark.contributions[:, place],
            )
            for place in found.order
        ],
    )


def _group_to(found: Attribution, place: int) -> pb.GroupEffects:
    whole = found.linked
    own, other = found.contributed
    return pb.GroupEffects(
        group=found.groups[place],
        portfolio_weight=found.portfolio.weights[:, place].mean(),
        benchmark_weight=found.benchmark.weights[:, place].mean(),
        portfolio_contribution=own[place],
        benchmark_contribution=other[place],
        allocation=whole.allocation[place],
        selection=whole.selection[place],
        interaction=whole.interaction[place],
        total=whole.total[place],
    )


def _composition_from(message: pb.Composition, field: str) -> Composition:
    match message.WhichOneof("composition"):
        case "portfolio":
            asked = message.portfolio
            capital = asked.capital if asked.HasField("capital") else None
            return Portfolio(asked.account, asked.strategy, capital)
        case "instruments":
            return _weighted_from(message.instruments, f"{field}.instruments")
        case _:
            return _given_from(message.groups, f"{field}.groups")


def _weighted_from(message: pb.WeightedInstruments, field: str) -> Weighted:
    weights = floats(message.weights)
    if len(weights) != len(message.instruments):
        problem = f"must be as many as instruments, {len(message.instruments)}, are {len(weights)}"
        raise InvalidField(f"{field}.weights", problem)
    _check_sum(weights, f"{field}.weights")
    return Weighted(field, tuple(message.instruments), weights)


def _given_from(message: pb.GroupSeries, field: str) -> GivenGroups:
    days = ints(message.days)
    check_days(days, field)
    falls = np.diff(days) <= 0
    if falls.any():
        place = int(np.argmax(falls)) + 1
        raise InvalidField(f"{field}.days[{place}]", "must be after the day before")
    start = message.start_day if message.HasField("start_day") else int(days[0]) - 1
    if not EARLIEST <= start < days[0]:
        raise InvalidField(f"{field}.start_day", "must be a day before the first of days")
    if len(message.rows) != len(days):
        problem = f"must be as many as days, {len(days)}, are {len(message.rows)}"
        raise InvalidField(f"{field}.rows", problem)
    count = len(message.groups)
    rows = [_row_from(row, count, f"{field}.rows[{n}]") for n, row in enumerate(message.rows)]
    weights, returns = (np.array(part) for part in zip(*rows, strict=True))
    return GivenGroups(field, tuple(message.groups), start, tuple(days.tolist()), weights, returns)


def _row_from(message: pb.GroupRow, count: int, field: str) -> tuple[FloatArray, FloatArray]:
    weights, returns = floats(message.weights), floats(message.returns)
    for name, column in (("weights", weights), ("returns", returns)):
        if len(column) != count:
            problem = f"must be as many as groups, {count}, are {len(column)}"
            raise InvalidField(f"{field}.{name}", problem)
    bad = (weights != 0) & ~(np.abs(returns) <= LARGEST)
    if bad.any():
        place = int(np.argmax(bad))
        problem = "must be a finite number where weight is held"
        raise InvalidField(f"{field}.returns[{place}]", problem)
    _check_sum(weights, f"{field}.weights")
    return weights, returns


def _check_sum(weights: FloatArray, field: str) -> None:
    total = float(weights.sum())
    if not abs(total - 1) <= SLACK:
        raise InvalidField(field, f"must add up to 1, adds up to {total}")
