"""Phases of trading: told at the start, at each change, and never over a halt."""

from datetime import timedelta

from tests.instruments import upsert
from tests.integration.marketdata.requests import START_NS, refusal, until

from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import GetInstrumentRequest
from quarterdeck.api.marketdata.v1.status_pb2 import InstrumentStatus
from quarterdeck_server.marketdata import hours
from quarterdeck_server.marketdata.calendars import Calendars
from quarterdeck_server.marketdata.domain.status import Schedule

OPEN, CLOSED, HALTED = 1, 2, 3


async def phases(deck):
    """The phases told so far, oldest first."""
    async with deck.bus.subscribe(["statuses"], replay=timedelta(minutes=1)) as batches:
        messages = (await anext(batches)).messages
    return [InstrumentStatus.FromString(message.payload).phase for message in messages]


def status(phase):
    named = {"instrument": "AAPL.XNAS", "event_time_ns": START_NS}
    return PublishRequest(statuses=[InstrumentStatus(phase=phase, **named)])


async def test_a_calendar_is_stored_and_its_phase_told_at_once_and_after_a_restart(open_area):
    async with open_area() as deck:
        await deck.instruments.UpsertInstrument(upsert(trading_calendar="24/7"))
        found = await deck.instruments.GetInstrument(GetInstrumentRequest(instrument="AAPL.XNAS"))
        assert found.instrument.trading_calendar == "24/7"
        await until(lambda: phases(deck), lambda told: told == [OPEN])
    async with open_area() as deck:
        await until(lambda: phases(deck), lambda told: told == [OPEN, OPEN])


async def test_an_unknown_calendar_is_refused(deck):
    call = deck.instruments.UpsertInstrument(upsert(trading_calendar="MARS"))
    _, reason, metadata = await refusal(call)
    assert (reason, metadata["field"]) == ("FIELD_INVALID", "instrument.trading_calendar")


async def test_each_change_is_told_when_it_comes(deck, monkeypatch):
    now_ns = deck.shared.clock.now_ns()
    session = Schedule([(now_ns + 200_000_000, now_ns + 400_000_000)], 2**62)
    monkeypatch.setattr(Calendars, "schedule", lambda self, code: session)
    await deck.instruments.UpsertInstrument(upsert(trading_calendar="24/7"))
    await until(lambda: phases(deck), lambda told: told == [CLOSED, OPEN, CLOSED])


async def test_phases_and_halts_are_repeated_for_those_who_come_later(open_area, monkeypatch):
    monkeypatch.setattr(hours, "REPEAT_S", 0.05)
    monkeypatch.setattr(hours, "LONGEST_PAUSE_S", 0.05)
    async with open_area() as deck:
        await deck.instruments.UpsertInstrument(upsert("IBM.XNYS", trading_calendar="24/7"))
        await deck.instruments.UpsertInstrument(upsert())
        await deck.ingest.Publish(status(HALTED))
        await until(lambda: phases(deck), lambda told: min(map(told.count, (OPEN, HALTED))) > 2)


async def test_a_halt_silences_the_calendar_until_it_is_lifted(deck, monkeypatch):
    await deck.instruments.UpsertInstrument(upsert())
    await deck.ingest.Publish(status(HALTED))
    await deck.instruments.UpsertInstrument(upsert(trading_calendar="24/5"))
    closed = Schedule([(1, 2)], 2**62)
    monkeypatch.setattr(Calendars, "schedule", lambda self, code: closed)
    await deck.ingest.Publish(status(HALTED))
    assert await phases(deck) == [HALTED, HALTED]
    await deck.ingest.Publish(status(OPEN))
    await until(lambda: phases(deck), lambda told: told == [HALTED, HALTED, OPEN, CLOSED])
