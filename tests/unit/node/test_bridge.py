"""The bridge gets every event to the log, and sets apart what the log refuses."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from quarterdeck import Cause, Conflict, FieldProblem, InvalidRequest, NotAllowed, Unavailable
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck.errors import QuarterdeckError
from quarterdeck_node import pause
from quarterdeck_node.bridge import Bridge, refused_index
from quarterdeck_node.spool import Counts, Spool

type Judge = Callable[[list[TradingEvent]], QuarterdeckError | None]


class Log:
    """A trading log that says what the test wants."""

    def __init__(self, judge: Judge) -> None:
        self.trading = self
        self.judge = judge
        self.recorded: list[str] = []

    async def record_events(self, *, events: list[TradingEvent], **_: object) -> None:
        if error := self.judge(events):
            raise error
        self.recorded += [event.event_id for event in events]


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Spool]:
    monkeypatch.setattr(pause, "FIRST", 0.001)
    with closing(Spool(tmp_path / "node.spool")) as opened:
        opened.put_all(TradingEvent(event_id=f"e{number}") for number in range(5))
        yield opened


async def drained(spool: Spool, judge: Judge) -> list[str]:
    log: Any = Log(judge)
    await asyncio.wait_for(Bridge(log, spool, "nodes/test").drain(), 5)
    return log.recorded


def about(kind: type[QuarterdeckError], name: str, reason: str) -> Judge:
    """Refuse the event of a name, as the deck does: by its place in the batch."""

    def judge(events: list[TradingEvent]) -> QuarterdeckError | None:
        for index, event in enumerate(events):
            if event.event_id == name:
                path = f"events[{index}].fill.quantity"
                return kind("no", Cause(reason, {"field": path}))
        return None

    return judge


async def test_everything_is_sent_in_order(spool: Spool) -> None:
    assert await drained(spool, lambda _: None) == ["e0", "e1", "e2", "e3", "e4"]
    assert spool.counts == Counts(pending=0, dead=0)


@pytest.mark.parametrize("kind", [Conflict, InvalidRequest, NotAllowed])
async def test_a_refused_event_is_set_apart_and_the_rest_sent(
    spool: Spool, kind: type[QuarterdeckError]
) -> None:
    recorded = await drained(spool, about(kind, "e3", "FIELD_INVALID"))
    assert recorded == ["e0", "e1", "e2", "e4"]
    assert [letter.event.event_id for letter in spool.dead_letters()] == ["e3"]


async def test_an_event_that_is_refused_without_its_place_is_found(spool: Spool) -> None:
    def judge(events: list[TradingEvent]) -> QuarterdeckError | None:
        bad = any(event.event_id == "e2" for event in events)
        return InvalidRequest("something is wrong") if bad else None

    assert await drained(spool, judge) == ["e0", "e1", "e3", "e4"]


async def test_a_deck_that_is_away_loses_nothing(spool: Spool) -> None:
    answers = iter([Unavailable("away"), Unavailable("away")])
    assert len(await drained(spool, lambda _: next(answers, None))) == 5


async def test_what_the_cache_tells_again_in_other_words_is_not_a_dead_letter(
    spool: Spool,
) -> None:
    spool.put(TradingEvent(event_id="old", reconciliation=True))
    await drained(spool, about(Conflict, "old", "EVENT_ID_REUSED"))
    assert spool.counts == Counts(pending=0, dead=0)


async def test_only_what_was_written_before_is_sent_up_to_a_position(spool: Spool) -> None:
    last = spool.last_position
    spool.put(TradingEvent(event_id="later"))
    log: Any = Log(lambda _: None)
    await Bridge(log, spool, "nodes/test").drain(last)
    assert "later" not in log.recorded


def test_the_place_of_a_refused_event_is_read_from_the_fields_too() -> None:
    cause = Cause("FIELD_INVALID", fields=(FieldProblem("events[7].order", "no"),))
    assert refused_index(InvalidRequest("no", cause)) == 7
