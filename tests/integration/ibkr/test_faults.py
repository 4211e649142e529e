"""What goes wrong between the deck and Interactive Brokers: nothing of it is silent."""

import asyncio
from dataclasses import replace

import pytest
from tests.integration.ibkr.reading import Reader, running, until
from tests.integration.ibkr.tws import AAPL as AAPL_SHARE
from tests.integration.ibkr.tws import ESZ6
from tests.integration.ibkr.tws.server import MALFORMED
from tests.integration.ibkr.tws.wire import PREFIX

from quarterdeck_server.adapters.ibkr import library, metrics
from quarterdeck_server.adapters.ibkr.source import IbkrSource
from quarterdeck_server.kernel.errors import InvalidField, QuarterdeckError, Unavailable
from quarterdeck_server.marketdata.domain.source import LiveOptions, VendorRefused
from quarterdeck_server.runtime.clock import SystemClock

AAPL = LiveOptions(("AAPL.XNAS",))


async def failure_of(reader: Reader) -> QuarterdeckError:
    """Wait for the end of a feed."""
    assert reader.task is not None
    with pytest.raises(QuarterdeckError) as raised:
        await asyncio.wait_for(reader.task, 5)
    return raised.value


async def test_a_tws_that_is_not_there_is_unavailable(tws, source):
    await tws.stop()
    with pytest.raises(Unavailable, match=r"the TWS at 127.0.0.1:\d+ cannot be reached"):
        await source.connect(AAPL)


async def test_a_client_number_in_use_is_told_at_once(tws, source):
    tws.used_client_ids.add(7)
    async with asyncio.timeout(3):
        with pytest.raises(Unavailable, match=r"\(326\): set QUARTERDECK_.*CLIENT_ID"):
            await source.connect(AAPL)


async def test_a_tws_that_accepts_and_never_answers_is_unavailable(tws, impatient):
    source = IbkrSource(impatient, SystemClock())
    tws.is_silent = True
    with pytest.raises(Unavailable, match="does not answer"):
        await source.connect(AAPL)


async def test_a_closed_socket_ends_the_feed_and_the_next_has_everything_subscribed(tws, source):
    kinds = {"quotes": True, "trades": True, "bar_interval": "5s"}
    async with running(source, "AAPL.XNAS", "MSFT.XNAS", **kinds) as reader:
        await until(lambda: len(tws.subscriptions()) == 6)
        before = tws.subscriptions()
        await tws.stop()
        assert "ended the connection" in str(await failure_of(reader))
    with pytest.raises(Unavailable):
        await source.connect(AAPL)
    await tws.start()
    async with running(source, "AAPL.XNAS", "MSFT.XNAS", **kinds) as reader:
        await until(lambda: tws.subscriptions() == before)
        tws.quote("MSFT", 300.0, 300.1)
        assert await reader.rows("quotes/MSFT.XNAS")


async def test_a_half_open_socket_is_noticed(tws, impatient):
    source = IbkrSource(impatient, SystemClock())
    async with running(source, "AAPL.XNAS") as reader:
        tws.is_silent = True
        assert "does not answer" in str(await failure_of(reader))
    tws.is_silent = False
    async with running(source, "AAPL.XNAS") as reader:
        tws.quote("AAPL", 150.0, 150.1)
        assert await reader.rows("quotes")


async def test_a_quiet_market_is_no_half_open_socket(tws, source):
    async with running(source, "AAPL.XNAS") as reader:
        await asyncio.sleep(0.3)
        assert not reader.task.done()


async def test_connectivity_that_returns_with_data_keeps_the_subscriptions(tws, source):
    async with running(source, "AAPL.XNAS") as reader:
        (_, request), *_ = tws.requests("quotes", "AAPL")
        tws.say(1100, "Connectivity between IB and Trader Workstation has been lost.")
        tws.say(1102, "Connectivity has been restored - data maintained.")
        await asyncio.sleep(0.3)
        assert not reader.task.done()
        assert [number for _, number in tws.requests("quotes", "AAPL")] == [request]


async def test_connectivity_that_returns_without_data_subscribes_everything_again(tws, source):
    async with running(source, "AAPL.XNAS", "MSFT.XNAS", bar_interval="5s") as reader:
        await until(lambda: len(tws.subscriptions()) == 4)
        before = tws.subscriptions()
        for session in tws.sessions:
            session.subscribed.clear()
        tws.say(1100, "Connectivity between IB and Trader Workstation has been lost.")
        tws.say(1101, "Connectivity has been restored - data lost.")
        await until(lambda: tws.subscriptions() == before)
        tws.quote("AAPL", 150.0, 150.1)
        assert await reader.rows("quotes/AAPL.XNAS")
    assert tws.connections == 1


async def test_connectivity_that_stays_away_fails_the_source(tws, source):
    async with running(source, "AAPL.XNAS") as reader:
        tws.say(1100, "Connectivity between IB and Trader Workstation has been lost.")
        assert "(1100)" in str(await failure_of(reader))


async def test_a_malformed_message_is_counted_and_the_next_is_read(tws, source):
    before = metrics.MALFORMED._value.get()
    async with running(source, "AAPL.XNAS") as reader:
        tws.send_bytes(MALFORMED)
        tws.send(48, "a message that nobody knows")
        (session, request), *_ = tws.requests("quotes", "AAPL")
        session.send(46, 6, request, 48, "150;five;no time")
        tws.quote("AAPL", 150.0, 150.1)
        assert await reader.rows("quotes")
    assert metrics.MALFORMED._value.get() - before >= 2


async def test_a_frame_that_never_ends_is_noticed(tws, impatient):
    source = IbkrSource(impatient, SystemClock())
    async with running(source, "AAPL.XNAS") as reader:
        tws.send_bytes(PREFIX.pack(2**31) + b"1\0")
        assert "does not answer" in str(await failure_of(reader))


async def test_a_slow_tws_only_takes_longer(tws, source):
    tws.delay_s = 0.02
    async with running(source, "AAPL.XNAS") as reader:
        tws.quote("AAPL", 150.0, 150.1)
        assert await reader.rows("quotes")


async def test_a_subscription_that_ends_is_made_again(tws, source):
    async with running(source, "AAPL.XNAS", bar_interval="5s"):
        await until(lambda: len(tws.subscriptions()) == 2)
        (session, request), *_ = tws.requests("bars", "AAPL")
        session.error(request, 10225, "Bust event occurred, current subscription is deactivated.")
        await until(lambda: len(tws.requests("bars", "AAPL")) == 2)


async def test_the_feed_fails_once_every_subscription_is_refused(tws, source):
    async with running(source, "AAPL.XNAS", "MSFT.XNAS") as reader:
        for symbol in ("AAPL", "MSFT"):
            (session, request), *_ = tws.requests("quotes", symbol)
            session.error(request, 10197, "No market data during competing live session")
            await asyncio.sleep(0.05)
            if symbol == "AAPL":
                assert not reader.task.done()
        error = await failure_of(reader)
    assert isinstance(error, VendorRefused)
    assert "competing live session (10197)" in str(error)


async def test_what_was_refused_later_is_asked_for_again(tws, source, monkeypatch):
    monkeypatch.setattr("quarterdeck_server.adapters.ibkr.feed.ASK_AGAIN_S", 0.1)
    async with running(source, "AAPL.XNAS", "MSFT.XNAS") as reader:
        (session, request), *_ = tws.requests("quotes", "AAPL")
        del session.subscribed[request]
        session.error(request, 10197, "No market data during competing live session")
        await until(lambda: ("quotes", "AAPL") in tws.subscriptions())
        tws.quote("AAPL", 150.0, 150.1)
        assert await reader.rows("quotes/AAPL.XNAS")


async def test_requests_keep_the_pace_and_are_never_orders(tws, source, monkeypatch):
    """At most 50 messages a second, after a first burst: here a tenth of one is as long."""
    client = library.load().client
    monkeypatch.setattr(client, "RequestsInterval", 0.1)
    tws.securities = [
        replace(AAPL_SHARE, con_id=number, symbol=f"S{number}") for number in range(1, 61)
    ]
    names = [f"S{number}.XNAS" for number in range(1, 61)]
    async with running(source, *names, bar_interval="5s"):
        await until(lambda: len(tws.subscriptions()) == 120)
    took_s = tws.message_times[-1] - tws.message_times[0]
    assert client.MaxRequests < 50
    assert len(tws.message_times) - client.MaxRequests <= 50 * took_s / 0.1
    assert tws.orders_placed == 0


async def test_a_publisher_that_is_too_slow_fails_the_source_and_bounds_its_memory(
    tws, source, monkeypatch
):
    monkeypatch.setattr("quarterdeck_server.adapters.ibkr.subscriptions.MAX_WAITING_ROWS", 50)
    async with running(source, "AAPL.XNAS", quotes=False, trades=True) as reader:
        reader.can_publish.clear()
        for price in range(100, 200):
            tws.trade("AAPL", float(price), 1, 1_767_625_200)
            await asyncio.sleep(0)
        assert "rows wait to be published" in str(await failure_of(reader))


async def test_what_is_no_more_after_a_night_does_not_stop_the_others(tws, source):
    names = ("AAPL.XNAS", "ESZ6.XCME")
    async with running(source, *names) as reader:
        await tws.stop()
        await failure_of(reader)
    tws.securities = tuple(each for each in tws.securities if each is not ESZ6)
    await tws.start()
    async with running(source, *names) as reader:
        tws.quote("AAPL", 150.0, 150.1)
        assert await reader.rows("quotes/AAPL.XNAS")
    # Whoever stops it and starts it anew is told.
    with pytest.raises(InvalidField, match=r"live.instruments\[1\] is not known"):
        await source.connect(LiveOptions(names))
