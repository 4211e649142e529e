"""What a request for an attribution is about."""

from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck_server.analytics.domain.attribution.composing import GivenGroups, Weighted
from quarterdeck_server.analytics.domain.attribution.contributing import ContributionKey
from quarterdeck_server.analytics.domain.subject import Period, Portfolio
from quarterdeck_server.quant.attribution.linking import Linking

type Composition = Portfolio | Weighted | GivenGroups


@dataclass(frozen=True, slots=True)
class AskedContributions:
    """Whose profit is told apart, when, by what and in which currency; empty is all."""

    key: ContributionKey
    account: str
    strategy: str
    instrument: str
    period: Period
    currency: str


@dataclass(frozen=True, slots=True)
class AskedBrinson:
    """What is held against what; ``groups`` replace the sectors of instruments."""

    portfolio: Composition
    benchmark: Composition
    period: Period
    groups: Mapping[str, str]
    linking: Linking
