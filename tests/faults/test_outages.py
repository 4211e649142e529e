"""What a user keeps when any one process of a running deck dies, hangs or forgets."""

from collections import Counter

import pytest
from tests.faults.afflictions import FAULTS, KILLS, Fault
from tests.faults.laboratory import Aftermath, Laboratory
from tests.faults.publisher import unexplained

from quarterdeck.errors import UnannouncedGap
from quarterdeck.events import Disconnected, Item, Recovered, Stale

pytestmark = pytest.mark.system


@pytest.fixture(params=FAULTS, ids=lambda fault: fault.name.replace(" ", "_"))
def fault(request: pytest.FixtureRequest) -> Fault:
    return request.param


@pytest.fixture
def aftermath(fault: Fault, laboratory: Laboratory) -> Aftermath:
    """What happened when a fault struck."""
    return laboratory.after(fault)


def test_only_what_died_is_started_again(aftermath: Aftermath, fault: Fault) -> None:
    assert aftermath.restarted == [*fault.restarts]


def test_readers_get_the_topics_of_trading_without_gap_or_duplicate(aftermath: Aftermath) -> None:
    assert aftermath.logged
    for topic, logged in aftermath.logged.items():
        read = [event.sequence for event in aftermath.reader.events(topic)]
        first = min([aftermath.began.get(topic, 0) + 1, *read])
        assert read[: len(logged) - first + 1] == logged[first - 1 :]


def test_who_follows_the_log_gets_each_event_once(aftermath: Aftermath, fault: Fault) -> None:
    follower, recorder = aftermath.follower, aftermath.recorder
    positions = [event.position for event in follower.events]
    assert positions == [*range(positions[0], positions[0] + len(positions))]
    followed = Counter(event.event.event_id for event in follower.events)
    told = {name for number in recorder.acknowledged for name in recorder.event_ids(number)}
    assert told <= followed.keys()
    assert set(followed.values()) == {1}
    # Who follows reads from the services through the edge.
    broke = fault in KILLS and fault.part in {"services", "envoy"}
    assert bool(follower.watch.reconnections) >= broke


def test_a_broken_stream_says_so_and_is_opened_again(aftermath: Aftermath, fault: Fault) -> None:
    told = any(isinstance(item, Disconnected) for item in aftermath.reader.items)
    assert told or not fault.breaks_streams


def test_readers_are_told_when_nobody_knows_what_is_published_and_when_again(
    aftermath: Aftermath, fault: Fault
) -> None:
    topic = aftermath.publisher.topic
    told = [type(item) for item in aftermath.reader.items if about(item) == topic]
    wanted = [Stale, Recovered] if fault.silences else []
    assert [kind for kind in told if kind in {Stale, Recovered}] == wanted


def about(item: Item) -> str:
    """Return the topic of an item, if it has one."""
    return str(getattr(item, "topic", ""))


def test_readers_hear_of_every_gap_in_market_data(aftermath: Aftermath) -> None:
    reader = aftermath.reader
    assert not [item for item in reader.items if isinstance(item, UnannouncedGap)]
    assert reader.quoted()
    for topic in reader.quoted():
        assert not list(reader.breaks(topic))


def test_acknowledged_quotes_are_read_or_announced_as_lost(aftermath: Aftermath) -> None:
    publisher = aftermath.publisher
    assert not unexplained(aftermath.reader, publisher.topic, publisher.acknowledged)


def test_acknowledged_quotes_are_in_history_or_listed_as_holes(aftermath: Aftermath) -> None:
    assert set(aftermath.publisher.acknowledged) <= aftermath.kept


def test_no_acknowledged_order_or_fill_is_lost_or_counted_twice(aftermath: Aftermath) -> None:
    for stored in (Counter(aftermath.orders), Counter(aftermath.fills)):
        assert set(aftermath.recorder.acknowledged) <= stored.keys()
        assert set(stored.values()) == {1}


def test_positions_and_profit_stay_what_they_were(aftermath: Aftermath) -> None:
    assert aftermath.profit_before["positions"]["unrealisedProfit"] != ["0"]
    assert aftermath.profit_after == aftermath.profit_before


def test_the_node_goes_on_and_agrees_with_the_log(aftermath: Aftermath) -> None:
    assert not aftermath.node.differences
