"""What Alpha Vantage answers, as its documentation and its users tell, and what becomes of it."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from quarterdeck_server.adapters.alphavantage.parse import NoSuchCall, daily_bars, intraday_bars
from quarterdeck_server.adapters.alphavantage.source import _months
from quarterdeck_server.adapters.alphavantage.symbols import symbol_of
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.kernel.errors import Exhausted, QuarterdeckError
from quarterdeck_server.kernel.time import NS, datetime_from_ns
from quarterdeck_server.marketdata.domain.backfill import BarRange
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass
from quarterdeck_server.marketdata.domain.source import NotOffered, VendorRefused

ANSWERS = Path(__file__).parent / "answers"
NAME = "IBM.XNYS"


def answer(name: str) -> bytes:
    return (ANSWERS / f"{name}.json").read_bytes()


def share(name: str = NAME, kind: InstrumentClass = InstrumentClass.EQUITY) -> Instrument:
    base = "EUR" if kind is InstrumentClass.CURRENCY_PAIR else ""
    step = Decimal("0.01")
    return Instrument(name, name, kind, "USD", 2, 0, step, Decimal(1), base_currency=base)


def moments(times: list[int]) -> list[str]:
    return [f"{datetime_from_ns(time_ns):%m-%d %H:%M}" for time_ns in times]


def test_daily_bars_come_oldest_first_and_close_when_days_of_the_deck_close() -> None:
    bars = daily_bars(answer("daily"), NAME, "1d")
    assert moments(bars.close_time_ns.tolist()) == ["03-08 21:00", "03-11 21:00", "03-12 21:00"]
    assert bars.close.tolist() == [195.95, 191.73, 197.78]
    assert bars.volume.tolist() == [3945340.0, 4544980.0, 5755580.0]


def test_intraday_bars_close_an_interval_after_their_name_in_summer_and_winter() -> None:
    """New York changed to summer time between the two days."""
    bars = intraday_bars(answer("intraday"), NAME, "1h", 3600 * NS)
    assert moments(bars.close_time_ns.tolist()) == ["03-08 21:00", "03-11 14:00", "03-11 15:00"]


@pytest.mark.parametrize(
    ("name", "error", "pause_s"),
    [
        ("unknown", NoSuchCall, None),
        ("invalid_key", VendorRefused, None),
        ("day_used_up", Exhausted, 3600.0),
        ("minute_used_up", Exhausted, 60.0),
        ("burst", Exhausted, 2.0),
        ("premium", NotOffered, None),
    ],
)
def test_what_went_wrong_is_read_from_the_words(
    name: str, error: type[QuarterdeckError], pause_s: float | None
) -> None:
    with pytest.raises(error) as caught:
        daily_bars(answer(name), NAME, "1d")
    assert getattr(caught.value, "retry_after_s", None) == pause_s
    assert "ABCDEFGH" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'{"Meta Data": {}}',
        b'{"Time Series (Daily)": {"2024-03-08": {"1. open": "1"}}}',
        b'{"Time Series (Daily)": {"yesterday": {}}}',
        b"<html>Service Unavailable</html>",
    ],
)
def test_nonsense_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        daily_bars(body, NAME, "1d")


@pytest.mark.parametrize(
    ("instrument", "symbol"),
    [("IBM.XNYS", "IBM"), ("BRK.B.XNYS", "BRK-B"), ("TSCO.XLON", "TSCO.LON")],
)
def test_an_instrument_has_the_vendors_symbol(instrument: str, symbol: str) -> None:
    assert symbol_of(share(instrument)) == symbol


@pytest.mark.parametrize(
    ("name", "kind"),
    [("EUR/USD.IDEALPRO", InstrumentClass.CURRENCY_PAIR), ("X.XTKS", InstrumentClass.EQUITY)],
)
def test_what_it_does_not_have_is_not_asked_for(name: str, kind: InstrumentClass) -> None:
    with pytest.raises(NotOffered):
        symbol_of(share(name, kind))


def test_months_are_read_from_the_newest_back() -> None:
    start, end = (datetime(2023, m, 15, tzinfo=UTC).timestamp() for m in (11, 12))
    wanted = BarRange(share(), "5m", int(start) * NS, int(end) * NS)
    assert _months(wanted) == ["2023-12", "2023-11"]
