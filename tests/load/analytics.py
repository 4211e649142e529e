"""Measure the statistics of a return series, alone and against other libraries in the same run.

The libraries live in an environment of their own, which is made from ``requirements/peers.txt``
when it is not there.
"""

import json
import os
import subprocess
import sys

from tests.load.results import ROOT, Figure, figure

PYTHON = ROOT / ".tools" / "peers" / "bin" / "python"
RATIOS = {
    "vs_quantstats_ratio": ("quantstats", "metric_set"),
    "vs_empyrical_ratio": ("empyrical", "metric_set"),
    "vs_skfolio_ratio": ("skfolio", "metric_set"),
    "vs_ffn_ratio": ("ffn", "metric_set"),
    "rolling_vs_empyrical_ratio": ("rolling_empyrical", "rolling_sharpe"),
    "rolling_vs_quantstats_ratio": ("rolling_quantstats", "rolling_sharpe"),
}
"""How many times as long the first takes as the second, sample by sample."""


def measure(samples: int) -> dict[str, Figure]:
    """Measure every figure."""
    found = timed(samples)
    sides = {f"{name}_ms": [each[name] for each in found] for name in found[0]}
    ratios = {
        name: [each[theirs] / each[ours] for each in found]
        for name, (theirs, ours) in RATIOS.items()
    }
    return {
        **{name: figure(values, "ms") for name, values in sides.items()},
        **{name: figure(values, "times as long as ours") for name, values in ratios.items()},
    }


def timed(samples: int) -> list[dict[str, float]]:
    """Return the milliseconds a call of each side, sample by sample."""
    subprocess.run([sys.executable, "tools/environment.py", "peers"], cwd=ROOT, check=True)
    # One thread: what is compared is work, not how many cores it takes.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    answer = subprocess.run(
        [str(PYTHON), "-m", "tests.load.peers", str(samples)],
        cwd=ROOT,
        env={**os.environ, **threads, "MPLBACKEND": "agg"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return list(json.loads(answer.stdout))
