"""Attribution in Python's words."""

from datetime import date

from quarterdeck.api.analytics.v1 import brinson_pb2, contribution_pb2
from quarterdeck.api.analytics.v1.attribution_service_pb2 import ComputeBrinsonResponse
from quarterdeck.api.trading.v1.position_change_pb2 import (
    POSITION_CHANGE_KIND_CLOSED,
    ChangedPosition,
    PositionChanges,
)
from quarterdeck.attribution import Brinson, Profits, composition, groups
from quarterdeck.frames import table
from quarterdeck.performance import portfolio


def test_what_is_held_against_something_is_said_in_few_words() -> None:
    weighted = composition({"AAPL.XNAS": 0.75, "XOM.XNYS": 0.25}).instruments
    assert (list(weighted.instruments), list(weighted.weights)) == (
        ["AAPL.XNAS", "XOM.XNYS"],
        [0.75, 0.25],
    )
    assert list(composition("SPY.ARCX").instruments.weights) == [1.0]
    assert composition(portfolio("SIM-001", "one", 5.0)).portfolio.capital == 5
    day = {"Energy": (0.4, 0.01), "Utilities": (0.6, 0.02)}
    brought = groups({date(1970, 1, 3): day}, start=date(1970, 1, 1)).groups
    assert (list(brought.days), brought.start_day) == ([2], 0)
    assert list(brought.rows[0].returns) == [0.01, 0.02]
    assert composition(composition("SPY.ARCX")) == composition("SPY.ARCX")


def test_contributions_become_a_table() -> None:
    long = contribution_pb2.Contribution(group="long", profit=3, share=1.5, fill_count=2)
    short = contribution_pb2.Contribution(group="short", profit=-1, share=-0.5)
    total = contribution_pb2.Contribution(profit=2)
    told = Profits(contribution_pb2.Contributions(groups=[long, short], total=total))
    made = told.to_pandas()
    assert made["profit"].sum() == told.total.profit
    assert (list(made.index), told["short"].share) == (["long", "short"], -0.5)


def test_effects_become_a_table() -> None:
    one = brinson_pb2.GroupEffects(group="Energy", allocation=0.01, total=0.01)
    attribution = brinson_pb2.BrinsonAttribution(groups=[one], active_return=0.01)
    columns = brinson_pb2.BrinsonColumns(
        days=[1], portfolio_returns=[0.02], benchmark_returns=[0.01], factors=[1.0]
    )
    found = Brinson(ComputeBrinsonResponse(attribution=attribution, columns=columns))
    assert found.to_pandas().loc["Energy", "total"] == found.active_return
    assert found["Energy"].allocation == 0.01
    assert found.days().index[0].date() == date(1970, 1, 2)


def test_position_changes_become_a_table() -> None:
    position = ChangedPosition(account="SIM-001", strategy="one", instrument="AAPL.XNAS")
    row = {"change": [-5.0], "quantity": [5.0], "cost": [50.0], "price": [12.0], "fee": [1.0]}
    changes = PositionChanges(
        positions=[position],
        position=[0],
        kind=[POSITION_CHANGE_KIND_CLOSED],
        event_time_ns=[10**18],
        realised_profit=[10.0],
        income=[0.0],
        currency=["USD"],
        event_id=["e-1"],
        **row,
    )
    made = table(changes, changes)
    assert made["kind"].tolist() == ["closed", "closed"]
    assert made.iloc[0][["strategy", "realised_profit"]].tolist() == ["one", 10.0]
    assert made.index[0].value == 10**18
