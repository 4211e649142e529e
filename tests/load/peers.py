"""Times our statistics beside those of other libraries, in one process, one after the other.

Runs in the environment of ``requirements/peers.txt``:
``.tools/peers/bin/python -m tests.load.peers 7`` prints the milliseconds a call of each side,
sample by sample, as JSON. Every side gets the same 8,312 daily returns in the form it wants, made
before the clock starts. The clock is the processor's: other programs' time does not count.
"""

import json
import sys
import time
import warnings
from collections.abc import Callable

import empyrical
import ffn
import pandas as pd
import quantstats
from scipy import stats
from skfolio import Portfolio
from tests.unit.quant import prices

from quarterdeck_server.quant.metric_set import metric_set
from quarterdeck_server.quant.rolling import rolling_sharpe

type Call = Callable[[], object]

WINDOW = 126
OWN = prices.equal_weights()
SERIES = pd.Series(OWN.values, index=pd.DatetimeIndex(OWN.dates), name="EW")
FRAME = SERIES.to_frame()
CLOSES = (1 + SERIES).cumprod() * 100
# What pyfolio's perf_stats computes with empyrical.
EMPYRICAL = (
    empyrical.annual_return,
    empyrical.cum_returns_final,
    empyrical.annual_volatility,
    empyrical.sharpe_ratio,
    empyrical.calmar_ratio,
    empyrical.stability_of_timeseries,
    empyrical.max_drawdown,
    empyrical.omega_ratio,
    empyrical.sortino_ratio,
    stats.skew,
    stats.kurtosis,
    empyrical.tail_ratio,
    empyrical.value_at_risk,
)
SIDES: dict[str, tuple[Call, int]] = {
    "metric_set": (lambda: metric_set(OWN.values, dates=OWN.dates), 100),
    "quantstats": (
        lambda: quantstats.reports.metrics(
            SERIES, mode="full", display=False, prepare_returns=False
        ),
        1,
    ),
    "empyrical": (lambda: [each(SERIES) for each in EMPYRICAL], 5),
    "skfolio": (lambda: Portfolio(X=FRAME, weights=[1.0]).summary(), 5),
    "ffn": (lambda: ffn.core.PerformanceStats(CLOSES), 3),
    "rolling_sharpe": (lambda: rolling_sharpe(OWN.values, WINDOW), 100),
    "rolling_empyrical": (lambda: empyrical.roll_sharpe_ratio(OWN.values, WINDOW), 5),
    "rolling_quantstats": (
        lambda: quantstats.stats.rolling_sharpe(
            SERIES, rolling_period=WINDOW, prepare_returns=False
        ),
        20,
    ),
}
"""What is called, and how often a sample: the quick ones need many for the clock."""


def main() -> None:
    """Time every side in turn, as many times as the command line says."""
    warnings.simplefilter("ignore")
    for call, _ in SIDES.values():
        call()
    samples = [sample() for _ in range(int(sys.argv[1]))]
    sys.stdout.write(json.dumps(samples))


def sample() -> dict[str, float]:
    """Return the milliseconds a call of each side."""
    return {name: milliseconds(call, times) for name, (call, times) in SIDES.items()}


def milliseconds(call: Call, times: int) -> float:
    """Time calls and return what one took of the processor."""
    start = time.process_time()
    for _ in range(times):
        call()
    return (time.process_time() - start) / times * 1e3


if __name__ == "__main__":
    main()
