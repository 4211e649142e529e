"""Where returns came from, over the wire."""

import pytest
from google.type.date_pb2 import Date
from tests.integration.analytics import market
from tests.integration.analytics.conftest import Deck
from tests.integration.analytics.market import ACCOUNT, DAYS
from tests.integration.trading.waiting import refusal

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as pb
from quarterdeck.api.analytics.v1 import performance_pb2


async def test_a_strategy_is_explained_within_the_callers_scope(deck: Deck) -> None:
    ada = await deck.client()
    await market.trade(deck, ada)
    await market.observe(deck)
    whole, part = (
        performance_pb2.Subject(portfolio=performance_pb2.Portfolio(account=ACCOUNT, strategy=name))
        for name in ("", market.STRATEGY)
    )
    request = pb.ComputeFactorsRequest(
        subject=part,
        factors=[pb.Factor(name="account", subject=whole)],
        start_date=Date(year=2012, month=1, day=3),
        conventions=performance_pb2.Conventions(risk_free_series=market.RATES),
    )
    found = (await ada.attribution.ComputeFactors(request)).regression
    assert found.count == len(DAYS) - 1
    assert found.coefficients[1].value == pytest.approx(1)
    assert found.r_squared == pytest.approx(1)
    bob = await deck.client("bob")
    _, info = await refusal(bob.attribution.ComputeFactors(request))
    assert info.metadata["field"] == "subject.portfolio.account"
