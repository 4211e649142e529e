"""Performance of accounts, strategies, instruments and given returns, over the wire."""

import math

import numpy as np
import pytest
from google.type.date_pb2 import Date
from tests.integration.analytics import market
from tests.integration.analytics.conftest import Client, Deck
from tests.integration.analytics.market import ACCOUNT, CAPITAL, DAYS, INDEX, PRICES, PROFITS
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.analytics.v1 import estimate_pb2, performance_pb2
from quarterdeck.api.analytics.v1 import performance_service_pb2 as pb
from quarterdeck_server.quant.conventions import Conventions
from quarterdeck_server.quant.metric_set import metric_set
from quarterdeck_server.quant.returns import simple_returns

MEASURED = estimate_pb2.ESTIMATE_STATE_MEASURED
INDEXED = performance_pb2.Subject(instrument=INDEX)


def portfolio(strategy: str = "", **more: float) -> performance_pb2.Subject:
    return performance_pb2.Subject(
        portfolio=performance_pb2.Portfolio(account=ACCOUNT, strategy=strategy, **more)
    )


def given(days: list[int], returns: list[float]) -> performance_pb2.Subject:
    return performance_pb2.Subject(returns=performance_pb2.ReturnSeries(days=days, returns=returns))


async def computed(
    client: Client, subject: performance_pb2.Subject, **more: object
) -> pb.ComputePerformanceResponse:
    request = pb.ComputePerformanceRequest(subject=subject, **more)
    return await client.performance.ComputePerformance(request)


def values(answer: pb.ComputePerformanceResponse) -> dict[str, float]:
    metrics = answer.performance.metrics
    return {m.name: m.estimate.value for m in metrics if m.estimate.state == MEASURED}


@pytest.fixture
async def ada(deck: Deck) -> Client:
    """Somebody who may do everything, in a deck with a year of days."""
    client = await deck.client()
    await market.publish(client)
    await market.trade(deck, client)
    await market.observe(deck)

    async def recorded() -> bool:
        found = await computed(client, INDEXED)
        return found.performance.count == len(DAYS) - 1

    await until(recorded)
    return client


async def test_an_account_is_measured_against_an_index_and_a_rate(ada: Client) -> None:
    conventions = performance_pb2.Conventions(risk_free_series=market.RATES)
    answer = await computed(ada, portfolio(), benchmark=INDEXED, conventions=conventions)
    # The index begins with the first day's close, so the account's first day is left out.
    returns = simple_returns(CAPITAL + PROFITS)
    wanted = metric_set(
        returns,
        Conventions(),
        benchmark=simple_returns(PRICES),
        dates=DAYS.astype("datetime64[D]"),
        risk_free=np.full(len(returns), 1.02 ** (1 / 252) - 1),
    )
    expected = {n: e.value for n, e in wanted.metrics.items() if e.value is not None}
    assert values(answer) == pytest.approx(expected, rel=1e-9, abs=1e-12)
    found = answer.performance
    assert (found.count, found.unmatched_days, found.currency) == (len(returns), 1, "USD")
    assert found.conventions.risk_free_series == market.RATES
    assert found.conventions.periods_per_year == 252
    growth = (CAPITAL + PROFITS[-1]) / CAPITAL
    years = (DAYS[-1] - (DAYS[0] - 1)) / 365
    assert found.money_weighted_return.value == pytest.approx(growth ** (1 / years) - 1)


async def test_every_number_tells_what_it_means_and_columns_agree(ada: Client) -> None:
    start = Date(year=2012, month=6, day=1)
    answer = await computed(ada, portfolio("Ema-001"), start_date=start, with_columns=True)
    assert all(m.title and m.formula and m.source and m.unit for m in answer.performance.metrics)
    assert {m.estimate.count for m in answer.performance.metrics} == {answer.performance.count}
    columns = answer.columns
    assert len(columns.days) == answer.performance.count
    assert columns.growth[-1] - 1 == pytest.approx(values(answer)["total_return"])
    assert min(columns.drawdown) == values(answer)["max_drawdown"] == answer.drawdowns[0].depth
    first = int(np.searchsorted(DAYS, columns.days[0]))
    gained = PROFITS[first] - PROFITS[first - 1]
    assert columns.returns[0] == pytest.approx(gained / (CAPITAL + PROFITS[first - 1]))
    assert answer.performance.start_date == Date(year=2012, month=5, day=31)


async def test_bad_input_names_its_place(deck: Deck, ada: Client) -> None:
    nan = given([1, 2], [0.1, math.nan])
    far = given([1, 2], [0.1, 0.2])
    unknown = performance_pb2.Subject(instrument="NOPE.XNAS")
    rates = performance_pb2.Conventions(risk_free_series="series/fred/NONE")
    backwards = {"start_date": Date(year=2013, month=1, day=2), "end_date": Date(year=2012)}
    backwards["end_date"] = Date(year=2013, month=1, day=1)
    cases = [
        ("FIELD_INVALID", "subject.returns.returns[1]", {"subject": nan}),
        ("FIELD_INVALID", "benchmark", {"subject": portfolio(), "benchmark": far}),
        ("FIELD_INVALID", "end_date", {"subject": INDEXED, **backwards}),
        ("FIELD_INVALID", "subject", {}),
        ("INSTRUMENT_NOT_FOUND", "", {"subject": unknown}),
        ("RESOURCE_NOT_FOUND", "", {"subject": portfolio("None-001")}),
        ("RESOURCE_NOT_FOUND", "", {"subject": INDEXED, "conventions": rates}),
    ]
    for reason, field, asked in cases:
        call = ada.performance.ComputePerformance(pb.ComputePerformanceRequest(**asked))
        _, info = await refusal(call)
        assert (info.reason, info.metadata["field"] if field else "") == (reason, field)


async def test_nobody_sees_through_analytics_what_is_not_theirs(deck: Deck, ada: Client) -> None:
    for who, reason, where in (
        ("bob", "SCOPE_FORBIDDEN", {"subject": portfolio()}),
        ("bob", "SCOPE_FORBIDDEN", {"subject": INDEXED, "benchmark": portfolio()}),
        ("tom", "PERMISSION_MISSING", {"subject": INDEXED}),
    ):
        client = await deck.client(who)
        call = client.performance.ComputePerformance(pb.ComputePerformanceRequest(**where))
        _, info = await refusal(call)
        assert info.reason == reason
        if reason == "SCOPE_FORBIDDEN":
            field = "benchmark" if "benchmark" in where else "subject"
            assert info.metadata["field"] == f"{field}.portfolio.account"


async def test_too_few_days_are_a_state_and_no_number(deck: Deck, ada: Client) -> None:
    for days, returns, state in (
        ([], [], "INSUFFICIENT"),
        ([5], [0.1], "INSUFFICIENT"),
        ([5, 6, 7], [0.1, 0.1, 0.1], "CONSTANT"),
    ):
        answer = await computed(ada, given(days, returns), with_columns=True)
        sharpe = next(m for m in answer.performance.metrics if m.name == "sharpe_ratio")
        assert sharpe.estimate.state == estimate_pb2.EstimateState.Value(f"ESTIMATE_STATE_{state}")
        assert not sharpe.estimate.HasField("value")
        assert answer.performance.HasField("end_date") == bool(days)


async def test_windows_roll_over_a_strategy_against_an_index(ada: Client) -> None:
    metrics = [
        performance_pb2.ROLLING_METRIC_BETA,
        performance_pb2.ROLLING_METRIC_SHARPE_RATIO,
    ]
    request = pb.ComputeRollingRequest(
        subject=portfolio("Ema-001"), benchmark=INDEXED, metrics=metrics, window=60
    )
    answer = await ada.performance.ComputeRolling(request)
    assert [column.metric for column in answer.columns] == metrics
    count = len(DAYS) - 1
    assert (answer.count, answer.window, answer.unmatched_days) == (count, 60, 1)
    for column in answer.columns:
        assert len(column.values) == len(column.days) == column.windows == count - 59
        assert column.days[-1] == DAYS[-1]
    request.ClearField("benchmark")
    _, info = await refusal(ada.performance.ComputeRolling(request))
    assert info.metadata["field"] == "benchmark"


async def test_subjects_are_compared_on_the_days_that_all_have(deck: Deck, ada: Client) -> None:
    days = DAYS[100:200].tolist()
    subjects = [portfolio(), INDEXED, given(days, [0.001] * 100), portfolio(capital=CAPITAL)]
    request = pb.ComparePerformanceRequest(subjects=subjects, benchmark=INDEXED)
    answer = await ada.performance.ComparePerformance(request)
    assert {one.count for one in answer.performances} == {100}
    assert len({str(one.start_date) + str(one.end_date) for one in answer.performances}) == 1
    assert len(answer.correlations) == 16
    assert answer.correlations[0].value == pytest.approx(1)
    assert answer.correlations[3].value > 0.99
    assert answer.correlations[2].state == estimate_pb2.ESTIMATE_STATE_CONSTANT
    trials = answer.performances[0].conventions.trials
    assert trials.count == 3, "what never moved has no Sharpe ratio"
    assert trials.sharpe_variance > 0
    found = {m.name: m.estimate.value for m in answer.performances[1].metrics}
    assert 0 < found["deflated_sharpe_ratio"] < found["probabilistic_sharpe_ratio"]
    same = given(days, simple_returns(PRICES)[99:199].tolist())
    alone = values(await computed(ada, same, conventions={"trials": trials}))
    assert alone["deflated_sharpe_ratio"] == pytest.approx(found["deflated_sharpe_ratio"])
    few = values(await computed(ada, same, conventions={"trials": {"count": 1}}))
    assert "deflated_sharpe_ratio" not in few, (
        "what is answered may be asked: one trial tells nothing"
    )
    bob = await deck.client("bob")
    _, info = await refusal(bob.performance.ComparePerformance(request))
    assert info.metadata["field"] == "subjects[0].portfolio.account"
