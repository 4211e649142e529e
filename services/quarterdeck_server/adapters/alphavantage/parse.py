"""Reading what Alpha Vantage answers."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import orjson

from quarterdeck_server.adapters.http.dates import moments
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.kernel.errors import Exhausted
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.marketdata.domain.columns import Bars, Ints
from quarterdeck_server.marketdata.domain.source import NotOffered, VendorRefused

SOURCE = "sources/alphavantage"
COLUMNS = ("1. open", "2. high", "3. low", "4. close", "5. volume")
WORDS = ("Error Message", "Information", "Note")
DAY_NS = 86_400 * NS
CLOSE_OF_DAY_NS = 21 * 3_600 * NS
"""When a day closes in this deck, whatever the source: one day is one row."""
DAY_PAUSE_S = 3_600.0
"""Its day may not be ours, and the key may be used elsewhere: ask again in an hour."""
MINUTE_PAUSE_S = 60.0
SECOND_PAUSE_S = 2.0


class NoSuchCall(NotOffered):
    """It does not know the symbol, or has nothing for the month; it does not tell which."""


def daily_bars(body: bytes, instrument: str, interval: str) -> Bars:
    """Read daily bars, oldest first."""
    answer = _answer(body, instrument)
    series = _series(answer, "Time Series (Daily)")
    times = moments(list(series), "D").astype(np.int64) * DAY_NS + CLOSE_OF_DAY_NS
    return _bars(series, times, instrument, interval)


def intraday_bars(body: bytes, instrument: str, interval: str, length_ns: int) -> Bars:
    """Read intraday bars, oldest first; the vendor names them by the time they begin."""
    answer = _answer(body, instrument)
    name = next((key for key in answer if key.startswith("Time Series (")), "Time Series")
    series = _series(answer, name)
    zone = _zone(answer)
    times = _utc_ns(moments(list(series), "s"), zone) + length_ns
    return _bars(series, times, instrument, interval)


def _answer(body: bytes, subject: str) -> Mapping[str, Any]:
    """Read an answer that says nothing of an error."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from error
    if not isinstance(answer, dict):
        raise Malformed("it is no object")
    for word in WORDS:
        if word in answer:
            _refuse(str(answer[word]), subject)
    return answer


def _refuse(text: str, subject: str) -> None:
    """Raise what the vendor's words mean; they change from time to time, so only a few count."""
    words = text.lower()
    if "apikey is invalid or missing" in words:
        raise VendorRefused(SOURCE, f"{SOURCE} does not accept the key")
    if "per second" in words:
        raise Exhausted(SOURCE, f"{SOURCE} asks for a pause between requests", SECOND_PAUSE_S)
    if "per minute" in words or "frequency" in words:
        raise Exhausted(SOURCE, f"{SOURCE} says the minute is used up", MINUTE_PAUSE_S)
    if "per day" in words:
        raise Exhausted(SOURCE, f"{SOURCE} says the day is used up", DAY_PAUSE_S)
    if "premium" in words:
        raise NotOffered(subject, "this takes a premium plan of Alpha Vantage")
    if "invalid api call" in words:
        raise NoSuchCall(subject, "Alpha Vantage does not know it, or has nothing for this time")
    raise NotOffered(subject, "Alpha Vantage answered with words that are not understood")


def _series(answer: Mapping[str, Any], name: str) -> Mapping[str, Mapping[str, str]]:
    series = answer.get(name)
    if not isinstance(series, dict):
        raise Malformed(f"it has no {name!r}")
    return dict(sorted(series.items()))


def _zone(answer: Mapping[str, Any]) -> ZoneInfo:
    meta = answer.get("Meta Data")
    meta = meta if isinstance(meta, dict) else {}
    name = next((str(v) for key, v in meta.items() if key.endswith("Time Zone")), "US/Eastern")
    # The old name is an alias that slim systems leave out.
    name = "America/New_York" if name in {"US/Eastern", "Eastern"} else name
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, OSError, ValueError) as error:
        raise Malformed(f"its time zone is {name!r}") from error


def _utc_ns(local: np.ndarray, zone: ZoneInfo) -> Ints:
    """Read local times; no market trades in the hour in which a day's offset changes."""
    days, place = np.unique(local.astype("datetime64[D]"), return_inverse=True)
    noons = (day.astype("datetime64[s]").item().replace(hour=12, tzinfo=zone) for day in days)
    offsets_s = np.array([int(noon.utcoffset().total_seconds()) for noon in noons], dtype=np.int64)
    return (local.astype(np.int64) - offsets_s[place]) * NS


def _bars(
    series: Mapping[str, Mapping[str, str]], times: Ints, instrument: str, interval: str
) -> Bars:
    try:
        columns = [
            np.array([float(row[name]) for row in series.values()], dtype=np.float64)
            for name in COLUMNS
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed(f"a row has no good {error}") from error
    return Bars(instrument, interval, times, *columns)
