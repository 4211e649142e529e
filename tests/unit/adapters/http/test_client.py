"""Reading a vendor that answers badly."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from pydantic import SecretStr
from structlog.testing import capture_logs
from tests.vendors import Answer, ForgetfulQuotas, Vendor, vendor

from quarterdeck_server.adapters.http.client import Place, Reader, Web
from quarterdeck_server.adapters.http.errors import Malformed
from quarterdeck_server.adapters.http.quota import QuotaKeeper
from quarterdeck_server.adapters.http.retry import pause, retry_after
from quarterdeck_server.kernel.errors import Exhausted, QuarterdeckError, Unavailable
from quarterdeck_server.marketdata.domain.quota import Window
from quarterdeck_server.marketdata.domain.source import NotOffered
from quarterdeck_server.runtime.clock import SystemClock
from quarterdeck_server.source_settings import HttpSettings

KEY = "very-secret-key"
SOURCE = "sources/test"
GOOD = Answer(b'{"a": 1}')


def read(body: bytes) -> object:
    try:
        return json.loads(body)
    except ValueError as error:
        raise Malformed(str(error)) from error


def refuse(status: int, body: bytes) -> QuarterdeckError:
    return NotOffered("it", f"status {status}")


@pytest.fixture
async def shop() -> AsyncIterator[Vendor]:
    async with vendor() as opened:
        yield opened


@pytest.fixture
async def reader(shop: Vendor) -> AsyncIterator[Reader]:
    pauses = {"first_pause": timedelta(milliseconds=5), "longest_pause": timedelta(seconds=2)}
    settings = HttpSettings(timeout=timedelta(seconds=0.3), max_bytes=100_000, **pauses)
    web = Web(settings, SystemClock())
    place = Place(SOURCE, shop.url, refuse, {"user-agent": "tests"}, {"apikey": KEY})
    quota = QuotaKeeper(SOURCE, [Window(60.0, 1_000)], ForgetfulQuotas(), SystemClock())
    yield Reader(web, place, quota)
    await web.close()


async def ask(reader: Reader) -> object:
    return await reader.get("/x", {"q": "1"}, read)


@pytest.mark.parametrize(
    "bad",
    [
        Answer(status=500),
        Answer(status=429),
        Answer(status=503, headers={"retry-after": "0"}),
        Answer(GOOD.body * 100, truncated=True),
        Answer(GOOD.body * 100, truncated=True, gzipped=True),
        Answer(b'{"a": '),
        Answer(b"\x1f\x8bnonsense", headers={"content-encoding": "gzip"}),
        Answer(delay_s=0.6),
        Answer(b"", headers={"content-length": "x"}),
    ],
    ids=["500", "429", "503", "truncated", "cut gzip", "malformed", "no gzip", "late", "header"],
)
async def test_what_may_pass_is_tried_again(reader: Reader, shop: Vendor, bad: Answer) -> None:
    shop.queue("/x", bad, GOOD)
    assert await ask(reader) == {"a": 1}
    assert len(shop.asked("/x")) == 2


async def test_a_gzipped_answer_is_read_with_key_and_agent_sent(reader: Reader, shop: Vendor):
    shop.queue("/x", Answer(GOOD.body, gzipped=True))
    assert await ask(reader) == {"a": 1}
    assert shop.requests[0].query == {"q": "1", "apikey": KEY}
    assert shop.requests[0].headers["user-agent"] == "tests"


async def test_a_refusal_is_not_repeated(reader: Reader, shop: Vendor) -> None:
    with pytest.raises(NotOffered, match="status 404"):
        await ask(reader)
    assert len(shop.requests) == 1


async def test_the_pause_a_vendor_asks_for_is_kept(reader: Reader, shop: Vendor) -> None:
    shop.queue("/x", Answer(status=429, headers={"retry-after": "1"}), GOOD)
    clock = SystemClock()
    begun = clock.monotonic()
    await ask(reader)
    assert clock.monotonic() - begun >= 1.0


async def test_a_pause_too_long_to_wait_for_is_told(reader: Reader, shop: Vendor) -> None:
    shop.queue("/x", Answer(status=429, headers={"retry-after": "3600"}))
    with pytest.raises(Exhausted) as caught:
        await ask(reader)
    assert caught.value.retry_after_s == 3600.0
    assert len(shop.requests) == 1


async def test_a_vendor_that_stays_away_is_unavailable(reader: Reader, shop: Vendor) -> None:
    shop.always("/x", Answer(status=500))
    with pytest.raises(Unavailable, match="answered with status 500"):
        await ask(reader)
    assert len(shop.requests) == 4


async def test_an_answer_that_is_too_large_is_not_read(reader: Reader, shop: Vendor) -> None:
    shop.always("/x", Answer(b"0" * 10_000_000, gzipped=True))
    with pytest.raises(NotOffered, match="larger than 100,000 bytes"):
        await ask(reader)


async def test_no_key_gets_into_a_log_or_an_error(
    reader: Reader, shop: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    shop.queue("/x", *[Answer(status=500)] * 3, Answer(b"{"))
    with capture_logs() as logged, pytest.raises(Unavailable) as caught:
        await ask(reader)
    assert len(logged) == 4
    told = f"{logged}{caplog.text}{caught.value!r}{caught.value.metadata}{caught.value.__context__}"
    assert KEY not in told


async def test_nobody_at_the_address_is_unavailable(reader: Reader) -> None:
    web = Web(HttpSettings(attempts=1, proxy=SecretStr("http://127.0.0.1:9")), SystemClock())
    place = Place(SOURCE, "http://127.0.0.1:9", refuse, {}, {"apikey": KEY})
    with pytest.raises(Unavailable, match="was not reached: ConnectError"):
        await ask(Reader(web, place, reader._quota))
    await web.close()


NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
NOW_NS = int(NOW.timestamp()) * 10**9


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("12", 12.0),
        (" 7 ", 7.0),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(seconds=90), usegmt=True), 0.0),
        ("soon", None),
        ("-3", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert retry_after(header, NOW_NS) == seconds


def test_pauses_double_up_to_the_longest_and_are_spread() -> None:
    assert [pause(n, 1.0, 5.0, 1.0) for n in (1, 2, 3, 4)] == [1.0, 2.0, 4.0, 5.0]
    assert pause(3, 1.0, 60.0, 0.0) == 2.0
