"""What FRED answers, as its documentation tells, and what is read from it."""

from pathlib import Path

import numpy as np
import pytest

from quarterdeck_server.adapters.fred import parse
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.marketdata.domain.source import NotOffered, VendorRefused

ANSWERS = Path(__file__).parent / "answers"


def answer(name: str) -> bytes:
    return (ANSWERS / f"{name}.json").read_bytes()


def test_a_series_is_described() -> None:
    series = parse.series(answer("series"))
    assert (series.name, series.frequency) == ("series/fred/GNPCA", "Annual")
    assert (series.seasonal_adjustment, series.note) == ("", "BEA Account Code: A001RX")
    assert series.first_day == (np.datetime64("1929-01-01") - np.datetime64("1970-01-01")).astype(
        int
    )
    assert series.source_update_time_ns == 1_680_180_754 * 10**9
    assert series.topic == "observations/fred/GNPCA"


def test_a_missing_value_is_nan() -> None:
    found, count = parse.observations(answer("observations"), "series/fred/GNPCA")
    assert count == 3
    assert found.value[[0, 2]].tolist() == [18651.5, 20182.491]
    assert np.isnan(found.value[1])
    assert set(found.vintage_day.tolist()) == {19_503}


@pytest.mark.parametrize(
    ("name", "error"), [("unknown", NotOffered), ("invalid_key", VendorRefused)]
)
def test_a_refusal_is_read_from_its_words(name: str, error: type[QuarterdeckError]) -> None:
    assert isinstance(parse.refuse(400, answer(name)), error)


@pytest.mark.parametrize(
    "body",
    [
        b"<?xml version='1.0'?>",
        b"null",
        b'{"seriess": []}',
        b'{"seriess": [{"id": 5}]}',
        b'{"observations": [{"date": "today", "value": "1", "realtime_start": "x"}], "count": 1}',
        b'{"observations": []}',
    ],
)
def test_nonsense_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        parse.series(body)
    with pytest.raises(Malformed):
        parse.observations(body, "series/fred/X")
