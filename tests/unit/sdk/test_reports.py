"""Files, windows, comparisons and plots of the SDK, from answers as a deck gives them."""

import sys
from pathlib import Path

import pandas as pd
import pytest
from google.api.httpbody_pb2 import HttpBody

from quarterdeck.api.analytics.v1 import estimate_pb2, performance_pb2
from quarterdeck.api.analytics.v1.performance_service_pb2 import (
    ComparePerformanceResponse,
    ComputePerformanceResponse,
    ComputeRollingResponse,
)
from quarterdeck.performance import performance
from quarterdeck.reports import report
from quarterdeck.rolling import Rolling, comparison, rolling_metric

COLUMNS = performance_pb2.PerformanceColumns(
    days=[18_000, 18_001], returns=[0.1, -0.05], growth=[1.1, 1.045], drawdown=[0.0, -0.05]
)


def windows() -> Rolling:
    sharpe, beta = (rolling_metric(name) for name in ("sharpe_ratio", "beta"))
    first = performance_pb2.RollingColumns(metric=sharpe, days=[18_001, 18_002], values=[1.5, 2.0])
    second = performance_pb2.RollingColumns(metric=beta, days=[18_002], values=[0.5])
    return Rolling(ComputeRollingResponse(columns=[first, second], window=2))


def test_pieces_become_a_file_that_can_be_kept(tmp_path: Path) -> None:
    pieces = [HttpBody(content_type="application/pdf", data=data) for data in (b"%P", b"DF")]
    made = report(pieces)
    assert bytes(made) == b"%PDF"
    assert made.save(tmp_path / "a.pdf").read_bytes() == b"%PDF"
    assert made._repr_html_() is None


def test_a_page_in_a_notebook_cannot_run_anything() -> None:
    made = report([HttpBody(content_type="text/html; charset=utf-8", data=b'<p class="a">1</p>')])
    shown = made._repr_html_()
    assert shown.startswith("<iframe sandbox ")
    assert '<p class="a">' not in shown


def test_windows_without_a_value_are_nan_in_the_table() -> None:
    table = windows().to_pandas()
    assert table.index.name == "date"
    assert table["sharpe_ratio"].tolist() == [1.5, 2.0]
    assert table["beta"].isna().tolist() == [True, False]
    assert table.index[0] == pd.Timestamp("2019-04-15")


def test_subjects_stand_side_by_side_by_name() -> None:
    constant = estimate_pb2.Estimate(state=estimate_pb2.ESTIMATE_STATE_CONSTANT, count=3)
    metric = estimate_pb2.Metric(name="sharpe_ratio", estimate=constant)
    each = performance_pb2.Performance(metrics=[metric])
    answer = ComparePerformanceResponse(performances=[each, each], correlations=[constant] * 4)
    found = comparison(["one", "two"], answer)
    assert found["two"]["sharpe_ratio"].state == "constant"
    assert list(found.to_pandas().columns) == ["one", "two"]
    assert found.correlation_table().isna().all(axis=None)
    with pytest.raises(ValueError, match=r"without days: ask performance\(\)"):
        found["one"].plot()


def test_plots_are_of_what_was_computed() -> None:
    answer = ComputePerformanceResponse(columns=COLUMNS)
    upper, lower = performance(answer).plot().axes
    assert upper.lines[0].get_ydata().tolist() == [1.1, 1.045]
    assert lower.lines[0].get_ydata().tolist() == [0.0, -0.05]
    titles = [axes.get_title(loc="left") for axes in windows().plot().axes]
    assert titles == ["Sharpe ratio, windows of 2 periods", "Beta, windows of 2 periods"]


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"pip install quarterdeck\[plot\]"):
        windows().plot()
