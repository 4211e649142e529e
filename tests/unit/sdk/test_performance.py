"""Performance as the SDK asks for it and reads it."""

from datetime import date

import pandas as pd

from quarterdeck.api.analytics.v1 import estimate_pb2 as estimates
from quarterdeck.api.analytics.v1 import performance_pb2 as messages
from quarterdeck.api.analytics.v1.performance_service_pb2 import ComputePerformanceResponse
from quarterdeck.performance import by, day, performance, portfolio, returns, subject

SHARPE = estimates.Metric(
    name="sharpe_ratio",
    estimate=estimates.Estimate(value=0.5, count=3, state=estimates.ESTIMATE_STATE_MEASURED),
    title="Sharpe ratio",
    unit=estimates.METRIC_UNIT_RATIO,
    formula="mean / sd",
    source="Sharpe (1994)",
)
ANNUAL = estimates.Metric(
    name="annual_return",
    estimate=estimates.Estimate(count=3, state=estimates.ESTIMATE_STATE_INSUFFICIENT, needed=252),
    unit=estimates.METRIC_UNIT_FRACTION_A_YEAR,
)
ANSWER = ComputePerformanceResponse(
    performance=messages.Performance(metrics=[ANNUAL, SHARPE], count=3),
    columns=messages.PerformanceColumns(
        days=[15_341, 15_342, 15_343],
        returns=[0.1, -0.1, 0.0],
        growth=[1.1, 0.99, 0.99],
        drawdown=[0.0, -0.1, -0.1],
    ),
)


def test_returns_of_pandas_and_of_a_mapping_are_the_same() -> None:
    index = pd.date_range("2012-01-02", periods=2)
    series = returns(pd.Series([0.1, -0.1], index=index))
    assert series == returns({date(2012, 1, 2): 0.1, date(2012, 1, 3): -0.1})
    assert list(series.returns.days) == [15_341, 15_342]
    assert not series.returns.HasField("start_day")


def test_text_is_an_instrument_and_the_rest_stays_what_it_is() -> None:
    assert subject("SPY.ARCX") == messages.Subject(instrument="SPY.ARCX")
    own = portfolio("SIM-001", "momentum", capital=1000)
    assert subject(own) is own
    assert own.portfolio.capital == 1000
    assert (subject(None), day(None)) == (None, None)


def test_a_rate_or_a_series_joins_the_conventions() -> None:
    monthly = messages.Conventions(periods_per_year=12)
    assert by(monthly, 0.02) == messages.Conventions(periods_per_year=12, risk_free_rate=0.02)
    assert by(None, "series/fred/DGS3MO").risk_free_series == "series/fred/DGS3MO"
    assert by(monthly, None) == monthly
    assert not by(None, None).WhichOneof("risk_free")


def test_a_number_that_is_not_says_why() -> None:
    found = performance(ANSWER)
    assert found["sharpe_ratio"].value == 0.5
    missing = found["annual_return"]
    assert (missing.value, missing.state, missing.needed) == (None, "insufficient", 252)
    assert found.money_weighted_return is None


def test_days_and_metrics_become_tables() -> None:
    found = performance(ANSWER)
    days = found.to_pandas()
    assert days.loc["2012-01-03", "drawdown"] == -0.1
    assert days.index.name == "date"
    metrics = found.table()
    assert metrics.loc["sharpe_ratio", "value"] == 0.5
    assert pd.isna(metrics.loc["annual_return", "value"])
    assert metrics.loc["annual_return", "unit"] == "fraction_a_year"
