"""Sources that connect to a vendor, and what is told of every source."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal

import grpc
import numpy as np
import pytest
from tests.integration.marketdata.requests import refusal, until

from quarterdeck.api.marketdata.v1 import source_pb2 as pb
from quarterdeck.api.marketdata.v1.source_service_pb2 import (
    GetSourceRequest,
    StartSourceRequest,
    StopSourceRequest,
)
from quarterdeck_server.adapters.replay.wiring import replay_source
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.marketdata import player
from quarterdeck_server.marketdata.domain.columns import Quotes
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass
from quarterdeck_server.marketdata.domain.source import LiveOptions, Quota
from quarterdeck_server.marketdata.source_ports import Publisher
from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.source_settings import ReplaySettings

NAME = "sources/vendor"
START_NS = 1_700_000_000 * 10**9
LIVE = pb.LiveOptions(instruments=["AAPL.XNAS"], quotes=True)


class VendorSource:
    """A vendor in this process that can be away, and whose connections can break."""

    name = NAME
    display_name = "Vendor"
    provenance = "a test"
    missing_setting = ""

    def __init__(self) -> None:
        self.is_away = False
        self.break_off = asyncio.Event()
        self.left = 10
        self.connected = 0
        self.closed = 0

    def quotas(self) -> Sequence[Quota]:
        return (Quota(60.0, 10, self.left),)

    async def connect(self, options: LiveOptions) -> "Connection":
        if self.is_away:
            raise Unavailable("the vendor is away")
        self.connected += 1
        return Connection(self, options)


class Connection:
    """Publishes a quote a moment until it breaks."""

    def __init__(self, source: VendorSource, options: LiveOptions) -> None:
        self._source, self._options = source, options

    @property
    def instruments(self) -> Sequence[Instrument]:
        return [
            Instrument(name, name, InstrumentClass.EQUITY, "USD", 2, 0, Decimal("0.01"), Decimal(1))
            for name in self._options.instruments
        ]

    async def run(self, publisher: Publisher, instruments: Mapping[str, Instrument]) -> None:
        while not self._source.break_off.is_set():
            await publisher.publish([quote(name) for name in instruments])
            await asyncio.sleep(0.01)
        raise Unavailable("the connection broke off")

    async def close(self) -> None:
        self._source.closed += 1


def quote(name: str) -> Quotes:
    one = np.ones(1, dtype=np.int64)
    return Quotes(name, 2, 0, one * START_NS, one * 100, one * 101, one, one)


@pytest.fixture
def vendor(monkeypatch: pytest.MonkeyPatch) -> VendorSource:
    monkeypatch.setattr(player, "FIRST_PAUSE_S", 0.02)
    return VendorSource()


async def found(deck) -> pb.Source:
    return (await deck.sources.GetSource(GetSourceRequest(name=NAME))).source


async def publishing(deck, more_than: int = 0) -> pb.Source:
    return await until(lambda: found(deck), lambda source: source.published_rows > more_than)


async def test_it_publishes_until_it_is_stopped(open_area, vendor):
    async with open_area(vendor) as deck:
        started = await deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
        assert started.source.state == pb.SOURCE_STATE_RUNNING
        assert list(started.source.instruments) == ["AAPL.XNAS"]
        running = await publishing(deck)
        assert running.live == LIVE
        stopped = await deck.sources.StopSource(StopSourceRequest(name=NAME))
        assert stopped.source.state == pb.SOURCE_STATE_STOPPED
        assert vendor.closed == vendor.connected == 1


async def test_a_broken_connection_is_told_and_made_again(open_area, vendor):
    async with open_area(vendor) as deck:
        await deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
        await publishing(deck)
        vendor.is_away = True
        vendor.break_off.set()
        failed = await until(lambda: found(deck), lambda s: s.state == pb.SOURCE_STATE_FAILED)
        assert failed.failure in {"the connection broke off", "the vendor is away"}
        vendor.is_away = False
        vendor.break_off.clear()
        await until(lambda: found(deck), lambda s: s.state == pb.SOURCE_STATE_RUNNING)
        await publishing(deck, failed.published_rows)
        assert vendor.connected == 2


async def test_it_runs_again_after_a_restart(open_area, vendor):
    async with open_area(vendor) as deck:
        await deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
    async with open_area(vendor) as deck:
        source = await publishing(deck)
        assert (source.state, source.live) == (pb.SOURCE_STATE_RUNNING, LIVE)
        await deck.sources.StopSource(StopSourceRequest(name=NAME))
        again = await deck.sources.StartSource(StartSourceRequest(name=NAME))
        assert again.source.live == LIVE


async def test_what_is_asked_wrongly_starts_nothing(open_area, vendor):
    async with open_area(vendor) as deck:
        for field, values in (
            ("live", {}),
            ("live", {"live": pb.LiveOptions(instruments=["AAPL.XNAS"])}),
            ("live", {"live": LIVE, "replay": pb.ReplayOptions()}),
            ("replay", {"replay": pb.ReplayOptions()}),
        ):
            call = deck.sources.StartSource(StartSourceRequest(name=NAME, **values))
            _, reason, metadata = await refusal(call)
            assert (reason, metadata["field"]) == ("FIELD_INVALID", field)
        vendor.is_away = True
        call = deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
        assert (await refusal(call))[0] is grpc.StatusCode.UNAVAILABLE
        assert (await found(deck)).state == pb.SOURCE_STATE_STOPPED


async def test_a_caller_who_gives_up_leaves_it_wholly_started(open_area, vendor):
    slow = asyncio.Event()
    connect = vendor.connect

    async def slowly(options: LiveOptions) -> Connection:
        slow.set()
        await asyncio.sleep(0.05)
        return await connect(options)

    vendor.connect = slowly
    async with open_area(vendor) as deck:
        call = deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
        await asyncio.wait_for(slow.wait(), 5)
        call.cancel()
        assert (await publishing(deck)).state == pb.SOURCE_STATE_RUNNING


async def news(deck) -> AsyncIterator[pb.Source]:
    async with deck.bus.subscribe(["sources"]) as batches:
        async for batch in batches:
            for message in batch.messages:
                assert message.topic == "sources/vendor"
                yield pb.Source.FromString(message.payload)


async def test_each_change_of_state_and_of_quota_is_told_to_readers(open_area, vendor):
    async with open_area(vendor) as deck, asyncio.timeout(10):
        told = news(deck)
        first = asyncio.ensure_future(anext(told))
        await asyncio.sleep(0)
        await deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
        assert (await first).state in {pb.SOURCE_STATE_STOPPED, pb.SOURCE_STATE_RUNNING}
        vendor.break_off.set()
        states = [source.state async for source in until_state(told, pb.SOURCE_STATE_FAILED)]
        assert states[-1] == pb.SOURCE_STATE_FAILED
        vendor.left = 3
        while (source := await anext(told)).quotas[0].remaining != 3:
            pass
        assert source.capabilities == [pb.SOURCE_CAPABILITY_PUBLISH]
        await told.aclose()


async def until_state(told: AsyncIterator[pb.Source], state: int) -> AsyncIterator[pb.Source]:
    async for source in told:
        yield source
        if source.state == state:
            return


async def test_a_replay_plays_as_fast_as_configured_if_nobody_says(open_area):
    source = replay_source(ReplaySettings(seconds_per_day=77.0), Compute())
    async with open_area(source) as deck:
        options = pb.ReplayOptions(dataset="bundled")
        request = StartSourceRequest(name="sources/replay", replay=options)
        started = (await deck.sources.StartSource(request)).source
        assert started.replay.options.seconds_per_day == 77.0


async def test_stopped_before_it_began_it_is_disconnected(open_area, vendor):
    async with open_area(vendor) as deck:
        start = deck.sources.StartSource(StartSourceRequest(name=NAME, live=LIVE))
        stop = deck.sources.StopSource(StopSourceRequest(name=NAME))
        await asyncio.gather(start, stop)
        await deck.sources.StopSource(StopSourceRequest(name=NAME))
        assert vendor.closed == vendor.connected
