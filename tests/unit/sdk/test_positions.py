"""Positions tell new from old and announced from silent loss."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.sdk.deck import TOPIC, answer, event

from quarterdeck import Gap, Heartbeat, Skipped
from quarterdeck._inbox import Inbox
from quarterdeck._plan import Plan
from quarterdeck._positions import Positions
from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.stream.v1.control_pb2 import Control
from quarterdeck.api.stream.v1.event_pb2 import Event as EventMessage
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchResponse
from quarterdeck.api.stream.v1.subscription_pb2 import Cursor
from quarterdeck.events import Event, UnannouncedGap

QUOTES = "quotes/AAPL.XNAS"


def inbox() -> Inbox:
    return Inbox(Positions(), Plan({}))


def quotes(first: int, rows: int) -> EventMessage:
    column = list(range(first, first + rows))
    batch = QuoteBatch(
        instrument="AAPL.XNAS",
        event_time_ns=column,
        bid_price=column,
        ask_price=column,
        bid_size=column,
        ask_size=column,
    )
    return EventMessage(topic=QUOTES, epoch=1, sequence=first, rows=rows, quotes=batch)


def take(into: Inbox, *answers: WatchResponse) -> list[object]:
    return [item for one in answers for item in into.take(one)]


def controls(**said: object) -> Control:
    return Control(**said)  # type: ignore[arg-type]


@given(st.lists(st.integers(1, 5), min_size=1, max_size=20), st.data())
def test_however_batches_overlap_each_row_is_taken_once(
    sizes: list[int], data: st.DataObject
) -> None:
    """After each batch the stream may resume from any earlier row."""
    into, seen, head = inbox(), list[int](), 0
    for rows in sizes:
        first = data.draw(st.integers(1, head + 1))
        rows_until = max(first + rows - 1, 1)
        items = take(into, answer(quotes(first, rows)))
        seen += [t for i in items if isinstance(i, Event) for t in i.payload.event_time_ns]
        head = max(head, rows_until)
    assert seen == list(range(1, head + 1))


@given(st.lists(st.integers(1, 30), min_size=1, max_size=20))
def test_every_hole_is_reported_with_its_ends(sequences: list[int]) -> None:
    into, last = inbox(), 0
    for sequence in sequences:
        gaps = [i for i in take(into, answer(event(sequence))) if isinstance(i, UnannouncedGap)]
        hole = last and sequence > last + 1
        ends = [(g.first_lost_sequence, g.last_lost_sequence) for g in gaps]
        assert ends == ([(last + 1, sequence - 1)] if hole else [])
        last = max(last, sequence)


def test_rows_seen_before_are_cut_from_a_batch() -> None:
    into = inbox()
    first, second = take(into, answer(quotes(1, 3)), answer(quotes(2, 4)))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert (second.sequence, second.row_count) == (4, 2)
    assert list(second.payload.bid_price) == [4, 5]
    assert into.duplicates == 2


def test_skipped_events_are_no_hole() -> None:
    into = inbox()
    skipped = controls(skipped=Skipped(topic=TOPIC, count=3, last_sequence=4))
    items = take(into, answer(event(1)), answer(event(5), controls=[skipped]))
    assert not [i for i in items if isinstance(i, UnannouncedGap)]


def test_another_epoch_without_a_gap_is_reported() -> None:
    into = inbox()
    items = take(into, answer(event(9)), answer(event(1, epoch=8)))
    assert [type(i) for i in items] == [Event, UnannouncedGap, Event]


def test_another_epoch_after_a_gap_goes_on() -> None:
    into = inbox()
    gap = controls(gap=Gap(topic=TOPIC, epoch=8))
    items = take(into, answer(event(9)), answer(event(1, epoch=8), controls=[gap]))
    assert [type(i) for i in items] == [Event, Gap, Event]
    cursor = Cursor(topic=TOPIC, epoch=8, sequence=1)
    assert list(into.positions.cursors()) == [cursor]


def test_a_heartbeat_reveals_events_that_never_came() -> None:
    into = inbox()
    beat = Heartbeat(cursors=[Cursor(topic=TOPIC, epoch=7, sequence=3)])
    items = take(into, answer(event(1)), answer(controls=[controls(heartbeat=beat)]))
    gap = items[-1]
    assert isinstance(gap, UnannouncedGap)
    assert (gap.first_lost_sequence, gap.last_lost_sequence) == (2, 3)


def test_a_heartbeat_that_comes_with_the_event_it_counts_reveals_nothing() -> None:
    beat = Heartbeat(cursors=[Cursor(topic=TOPIC, epoch=7, sequence=2)])
    together = answer(event(2), controls=[controls(heartbeat=beat)])
    items = take(inbox(), answer(event(1)), together)
    assert not [i for i in items if isinstance(i, UnannouncedGap)]


def test_a_batch_expands_to_rows_with_exact_numbers() -> None:
    batch = BarBatch(
        instrument="I.X", interval="1d", close_time_ns=[1], open=[1.5], high=[2], low=[1], close=[2]
    )
    batch.volume.append(10)
    message = EventMessage(topic="bars/1d/I.X", epoch=1, sequence=1, rows=1, bars=batch)
    (item,) = take(inbox(), answer(message))
    assert isinstance(item, Event)
    assert [(bar.open, bar.volume) for bar in item.rows()] == [(1.5, 10.0)]
