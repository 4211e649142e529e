"""Contributions to and from messages."""

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as service_pb
from quarterdeck.api.analytics.v1 import contribution_pb2 as pb
from quarterdeck_server.analytics.contributing import Contributed
from quarterdeck_server.analytics.domain.attribution.asking import AskedContributions
from quarterdeck_server.analytics.domain.attribution.contributing import (
    Contribution,
    ContributionKey,
)
from quarterdeck_server.analytics.mapping.asking import period_from
from quarterdeck_server.kernel.money import currency_code
from quarterdeck_server.runtime.day import day_to

PREFIX = "CONTRIBUTION_KEY_"


def asked_from(request: service_pb.ComputeContributionsRequest) -> AskedContributions:
    """Read whose profit is told apart."""
    if request.currency:
        currency_code("currency", request.currency)
    return AskedContributions(
        key=ContributionKey[pb.ContributionKey.Name(request.key).removeprefix(PREFIX)],
        account=request.account,
        strategy=request.strategy,
        instrument=request.instrument,
        period=period_from(request),
        currency=request.currency,
    )


def contributions_to(told: Contributed, key: ContributionKey) -> pb.Contributions:
    """Write contributions."""
    found = told.contributions
    first, last = found.days or (None, None)
    return pb.Contributions(
        key=pb.ContributionKey.Value(f"{PREFIX}{key.name}"),
        groups=map(_contribution_to, found.groups),
        total=_contribution_to(found.total),
        currency=told.currency,
        start_date=day_to(first),
        end_date=day_to(last),
        unpriced_instruments=told.unpriced,
    )


def _contribution_to(one: Contribution) -> pb.Contribution:
    return pb.Contribution(
        group=one.group,
        profit=one.profit,
        realised_profit=one.realised,
        unrealised_profit=one.unrealised,
        income=one.income,
        fees=one.fees,
        share=one.share,
        fill_count=one.fill_count,
    )
