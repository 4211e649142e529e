"""Whatever a vendor answers is read, or refused as what it is; nothing else is raised."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quarterdeck_server.adapters.alphavantage.parse import daily_bars, intraday_bars
from quarterdeck_server.adapters.edgar.answers import mapping
from quarterdeck_server.adapters.edgar.facts import company_facts
from quarterdeck_server.adapters.edgar.source import tickers
from quarterdeck_server.adapters.edgar.submissions import filings, submissions
from quarterdeck_server.adapters.fred import parse
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.kernel.errors import QuarterdeckError

HERE = Path(__file__).parent
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


def older(body: bytes) -> object:
    found = submissions((HERE / "edgar/answers/submissions.json").read_bytes())
    return filings(found, mapping(body), "https://x")


def recent(body: bytes) -> object:
    found = submissions(body)
    return filings(found, found.recent, "https://x")


READERS: dict[str, Callable[[bytes], object]] = {
    "alphavantage/answers/daily": partial(daily_bars, instrument="A.XNAS", interval="1d"),
    "alphavantage/answers/intraday": partial(
        intraday_bars, instrument="A.XNAS", interval="1h", length_ns=1
    ),
    "fred/answers/series": parse.series,
    "fred/answers/observations": partial(parse.observations, name="series/fred/X"),
    "edgar/answers/submissions": recent,
    "edgar/answers/older": older,
    "edgar/answers/facts": company_facts,
    "edgar/answers/tickers": tickers,
}


def broken(draw: Callable[[Any], Any], value: object) -> object:
    """Replace one thing somewhere in an answer, or leave it out."""
    if isinstance(value, dict) and value and draw(st.integers(0, 4)):
        key = draw(st.sampled_from(sorted(value)))
        rest = {name: each for name, each in value.items() if name != key}
        return rest if draw(st.integers(0, 6)) == 0 else {**rest, key: broken(draw, value[key])}
    if isinstance(value, list) and value and draw(st.integers(0, 4)):
        place = draw(st.integers(0, len(value) - 1))
        return [*value[:place], broken(draw, value[place]), *value[place + 1 :]]
    return draw(JSON)


@pytest.mark.parametrize("name", READERS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_broken_answer_is_refused_as_what_it_is(name: str, data: st.DataObject) -> None:
    good = orjson.loads((HERE / f"{name}.json").read_bytes())
    body = orjson.dumps(broken(data.draw, good), option=orjson.OPT_NON_STR_KEYS)
    try:
        READERS[name](body)
    except (Malformed, QuarterdeckError):
        return
