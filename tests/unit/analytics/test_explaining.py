"""Returns explained by factors."""

import numpy as np
import pytest

from quarterdeck.api.analytics.v1 import attribution_service_pb2 as pb
from quarterdeck.api.analytics.v1 import estimate_pb2, performance_pb2
from quarterdeck_server.analytics.domain.explaining import Explained, explained
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.analytics.mapping.attribution import asked_from, regression_to
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.series import dated

RANDOM = np.random.default_rng(5)
MARKET, SIZE = RANDOM.normal(0.0005, 0.01, (2, 60))
SUBJECT = 0.0002 + 1.2 * MARKET - 0.4 * SIZE + RANDOM.normal(0, 0.001, 60)


def track(returns: np.ndarray) -> Track:
    days = np.arange(1, len(returns) + 1).astype("datetime64[D]")
    return Track.of_returns(dated(days, returns))


def test_parts_add_up_to_the_whole() -> None:
    found = explained(track(SUBJECT), [track(MARKET), track(SIZE)], 0.0, None)
    assert isinstance(found, Explained)
    message = regression_to(found, ["market", "size"], 252)
    rows = message.coefficients
    assert [one.name for one in rows] == ["alpha", "market", "size"]
    assert sum(one.contribution for one in rows) == pytest.approx(SUBJECT.mean(), rel=1e-12)
    shares = sum(one.variance_share for one in rows) + message.residual_share
    assert shares == pytest.approx(1, rel=1e-12)
    assert rows[1].value == pytest.approx(1.2, abs=0.1)
    assert message.alpha_a_year == rows[0].value * 252


def test_levels_are_taken_above_the_risk_free_rate_and_bare_returns_as_they_are() -> None:
    bare = explained(track(MARKET), [track(MARKET)], 0.001, 0)
    valued = explained(track(MARKET), [track(MARKET).with_growth()], 0.001, 0)
    assert isinstance(bare, Explained)
    assert isinstance(valued, Explained)
    assert bare.regression.alpha == pytest.approx(-0.001)
    assert valued.regression.alpha == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize(
    ("count", "state", "needed"),
    [(0, "INSUFFICIENT", 4), (3, "INSUFFICIENT", 4), (9, "COLLINEAR", 0)],
)
def test_too_few_days_and_repeated_factors_are_states(count: int, state: str, needed: int) -> None:
    own = track(SUBJECT[:count])
    message = regression_to(explained(own, [own, own], 0.0, None), ["a", "b"], 252)
    assert message.state == estimate_pb2.EstimateState.Value(f"ESTIMATE_STATE_{state}")
    assert (message.count, message.needed, len(message.coefficients)) == (count, needed, 0)


@pytest.mark.parametrize(("names", "place"), [(["a", "a"], 1), (["alpha"], 0)])
def test_a_name_is_given_once(names: list[str], place: int) -> None:
    subject = performance_pb2.Subject(instrument="SPY.ARCX")
    factors = [pb.Factor(name=name, subject=subject) for name in names]
    with pytest.raises(InvalidField, match=rf"factors\[{place}\]\.name is taken"):
        asked_from(pb.ComputeFactorsRequest(subject=subject, factors=factors))
