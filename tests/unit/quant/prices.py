"""Real prices: the data sets that ship inside skfolio (BSD), read without importing it."""

import csv
import gzip
from functools import cache
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import numpy as np

from quarterdeck_server.quant.returns import simple_returns
from quarterdeck_server.quant.series import Dated, Dates, FloatArray, dated


@cache
def table(name: str) -> tuple[Dates, tuple[str, ...], FloatArray]:
    """Return the days, the columns' names and the closes of a data set, shape (n + 1, k)."""
    spec = find_spec("skfolio")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    path = Path(spec.submodule_search_locations[0]) / "datasets" / "data" / f"{name}.csv.gz"
    head, *rows = csv.reader(StringIO(gzip.decompress(path.read_bytes()).decode()))
    days = np.array([row[0] for row in rows], dtype="datetime64[D]")
    return days, tuple(head[1:]), np.array([[float(v) for v in row[1:]] for row in rows])


@cache
def equal_weights() -> Dated:
    """Return 8,312 daily returns of twenty shares at equal weights, 1990 to 2022."""
    days, names, closes = table("sp500_dataset")
    columns = [simple_returns(closes[:, index]) for index in range(len(names))]
    return dated(days[1:], np.mean(columns, axis=0))


@cache
def market() -> FloatArray:
    """Return the index's daily returns on the days of ``equal_weights``, zero where it has none."""
    days, _, closes = table("sp500_index")
    own = simple_returns(closes[:, 0])
    known = dict(zip(days[1:].tolist(), own.tolist(), strict=True))
    return np.array([known.get(day, 0.0) for day in equal_weights().dates.tolist()])


@cache
def factors() -> tuple[tuple[str, ...], Dates, FloatArray]:
    """Return five factors' daily returns, shape (n, 5), with their names and days."""
    days, names, closes = table("factors_dataset")
    return names, days[1:], closes[1:] / closes[:-1] - 1
