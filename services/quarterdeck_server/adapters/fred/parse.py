"""Reading what FRED answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import orjson

from quarterdeck_server.adapters.http.dates import days
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.marketdata.domain.observation import Observations, Series, series_name
from quarterdeck_server.marketdata.domain.source import NotOffered, VendorRefused

SOURCE = "sources/fred"
PROVENANCE = "FRED, Federal Reserve Bank of St. Louis, subject to its terms of use"
NO_VALUE = "."
UNADJUSTED = "Not Seasonally Adjusted"


def series(body: bytes) -> Series:
    """Read what a series is."""
    found = _list(_object(body), "seriess")
    if not found:
        raise Malformed("it describes no series")
    one = found[0]
    adjustment = _text(one, "seasonal_adjustment")
    return Series(
        name=series_name(SOURCE, _text(one, "id")),
        title=_text(one, "title"),
        unit=_text(one, "units"),
        frequency=_text(one, "frequency"),
        seasonal_adjustment="" if adjustment == UNADJUSTED else adjustment,
        first_day=int(days([_text(one, "observation_start")])[0]),
        last_day=int(days([_text(one, "observation_end")])[0]),
        note=str(one.get("notes", "")),
        provenance=PROVENANCE,
        source_update_time_ns=_moment(_text(one, "last_updated")),
    )


def observations(body: bytes, name: str) -> tuple[Observations, int]:
    """Read observations, and how many there are over all pages."""
    answer = _object(body)
    rows = _list(answer, "observations")
    found = Observations(
        name,
        day=days([_text(row, "date") for row in rows]),
        value=_values([_text(row, "value") for row in rows]),
        vintage_day=days([_text(row, "realtime_start") for row in rows]),
    )
    return found, _count(answer)


def vintages(body: bytes) -> tuple[list[str], int]:
    """Read days on which values changed, and how many there are over all pages."""
    answer = _object(body)
    return [str(day) for day in _list(answer, "vintage_dates")], _count(answer)


def refuse(status: int, body: bytes) -> QuarterdeckError:
    """Tell what a refusal means: it says so in words."""
    try:
        text = str(_object(body).get("error_message", ""))
    except Malformed:
        text = ""
    if "api_key" in text:
        return VendorRefused(SOURCE, f"{SOURCE} does not accept the key")
    if "does not exist" in text:
        return NotOffered(SOURCE, "FRED has no such series")
    return NotOffered(SOURCE, f"FRED refused with status {status}")


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed(str(error)) from error
    if not isinstance(answer, dict):
        raise Malformed("it is no object")
    return answer


def _list(answer: Mapping[str, Any], name: str) -> Sequence[Any]:
    found = answer.get(name)
    if not isinstance(found, list):
        raise Malformed(f"it has no list {name!r}")
    return found


def _text(row: object, name: str) -> str:
    value = row.get(name) if isinstance(row, dict) else None
    if not isinstance(value, str):
        raise Malformed(f"something has no {name!r}")
    return value


def _count(answer: Mapping[str, Any]) -> int:
    count = answer.get("count")
    if not isinstance(count, int):
        raise Malformed("it has no count")
    return count


def _values(texts: Sequence[str]) -> np.ndarray:
    try:
        return np.array([np.nan if text == NO_VALUE else float(text) for text in texts])
    except ValueError as error:
        raise Malformed(str(error)) from error


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        return ns_from_datetime(moment)
    except (TypeError, ValueError) as error:
        raise Malformed(f"it was updated at {text!r}") from error
