"""The prices that ship with the deck: five US stocks, daily, from March 2000 to March 2013.

The package's prices are unadjusted. Its adjusted closes show the splits: on the day of a split the
ratio of adjusted to raw close jumps by the split's ratio, on that of a dividend by a few percent.
Prices before a split are divided by its ratio and volumes multiplied, so that a chart has no cliff
that no holder felt; dividends are left alone. The factors are kept, so the raw prices are too.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from quarterdeck_server.adapters.replay.calendar import close_of
from quarterdeck_server.adapters.replay.dataset import DataSet
from quarterdeck_server.adapters.replay.errors import FileInvalid
from quarterdeck_server.adapters.replay.table import PRICES
from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.marketdata.domain.columns import Bars, Floats
from quarterdeck_server.marketdata.domain.source import BUNDLED, Adjustment

PACKAGE = "bokeh_sampledata"
VENUES = {"IBM": "XNYS"}
NAMES = {
    "AAPL": "Apple Inc.",
    "FB": "Facebook, Inc.",
    "GOOG": "Google Inc.",
    "IBM": "International Business Machines",
    "MSFT": "Microsoft Corporation",
}
TECHNOLOGY, COMMUNICATION = "Information Technology", "Communication Services"
# As the Global Industry Classification Standard has them since 2018; before, all were technology.
SECTORS = {
    "AAPL": TECHNOLOGY,
    "FB": COMMUNICATION,
    "GOOG": COMMUNICATION,
    "IBM": TECHNOLOGY,
    "MSFT": TECHNOLOGY,
}
PROVENANCE = (
    "Daily prices from Quandl WIKI (public domain) as shipped in bokeh_sampledata (BSD-3-Clause), "
    "adjusted for splits; prices within a day are derived from its bar."
)
EPOCH = date(1970, 1, 1).toordinal()
# No dividend comes near it, every split of these stocks is two for one.
LEAST_SPLIT = 1.4
# More digits are noise of the division.
DIGITS = 6

type Row = dict[str, str]


def bundled() -> DataSet:
    """Read the bundled data. Raises NotPossibleNow if the package is not installed."""
    rows: defaultdict[str, list[Row]] = defaultdict(list)
    with gzip.open(_file(), "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["Ticker"]].append(row)
    series = [_series(ticker, rows[ticker]) for ticker in sorted(rows)]
    return DataSet(
        series=tuple(bars for bars, _ in series),
        provenance=PROVENANCE,
        names={_instrument(ticker): name for ticker, name in NAMES.items()},
        sectors={_instrument(ticker): sector for ticker, sector in SECTORS.items()},
        adjustments=tuple(each for _, adjustments in series for each in adjustments),
    )


def splits(close: Floats, adjusted: Floats) -> Floats:
    """Return the factor that takes each raw price to the shares of the last day."""
    ratio = adjusted / close
    jump = ratio[1:] / ratio[:-1]
    ratios = np.where((jump > LEAST_SPLIT) | (jump < 1 / LEAST_SPLIT), np.round(jump * 2) / 2, 1.0)
    after = np.append(ratios, 1.0)
    return 1 / np.cumprod(after[::-1])[::-1]


def _file() -> Path:
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotPossibleNow(
            BUNDLED, f"the package {PACKAGE} is not installed: pip install quarterdeck[embedded]"
        )
    path = Path(spec.submodule_search_locations[0]) / "_data" / "stocks.csv.gz"
    if not path.is_file():
        raise FileInvalid(path.name, "it is missing from the installed package")
    return path


def _series(ticker: str, rows: list[Row]) -> tuple[Bars, list[Adjustment]]:
    factor = splits(_column(rows, "Close"), _column(rows, "Adj Close"))
    days = [date.fromisoformat(row["Date"]).toordinal() - EPOCH for row in rows]
    times = np.array([close_of(day) for day in days], dtype=np.int64)
    prices = {name: np.round(_column(rows, name.capitalize()) * factor, DIGITS) for name in PRICES}
    volume = np.round(_column(rows, "Volume") / factor)
    bars = Bars(_instrument(ticker), "1d", times, **prices, volume=volume)
    last = np.flatnonzero(factor[1:] != factor[:-1])
    return bars, [Adjustment(bars.instrument, int(times[i + 1]), float(factor[i])) for i in last]


def _column(rows: Iterable[Row], name: str) -> Floats:
    return np.array([float(row[name]) for row in rows], dtype=np.float64)


def _instrument(ticker: str) -> str:
    return f"{ticker}.{VENUES.get(ticker, 'XNAS')}"
