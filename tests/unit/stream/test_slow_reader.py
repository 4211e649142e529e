from tests.unit.stream.deck import LIMITS, Deck, Seen, every, latest, plan

from quarterdeck_server.stream.domain import Cursor
from quarterdeck_server.stream.engine.terms import Limits

QUOTES = "quotes/AAPL.XNAS"
OTHER = "quotes/MSFT.XNAS"


def test_a_slow_latest_reader_gets_the_newest_and_is_told_what_it_missed():
    deck = Deck()
    reader = deck.reader(latest("quotes/*"))
    deck.publish(QUOTES, 1)
    seen = deck.read(reader)
    deck.publish(QUOTES, *range(2, 10))
    deck.publish(OTHER, 1)
    deck.now = 2.0
    deck.read(reader, seen)
    assert (seen.skipped, seen.faults) == ([(QUOTES, 7, 8)], [])
    assert seen.events == [(QUOTES, 1), (QUOTES, 9), (OTHER, 1)]


def test_a_latest_reader_that_keeps_up_gets_every_event():
    deck = Deck()
    reader = deck.reader(latest("quotes/*"))
    deck.publish(QUOTES, *range(1, 50))
    assert len(deck.read(reader).events) == 49


def test_a_stuck_latest_reader_holds_no_more_than_the_newest_events():
    deck = Deck(Limits(60.0, 1 << 30, 1 << 20, {}))
    reader = deck.reader(latest("quotes/*"))
    for sequence in range(1, 4001):
        deck.publish(QUOTES, sequence, size=1000)
        deck.hub.flush()
    (feed,) = reader.feeds
    assert feed.log.kept_bytes < 3 << 20
    seen = deck.read(reader)
    assert (seen.sequences(QUOTES), seen.skipped) == ([4000], [(QUOTES, 3999, 3999)])


def test_a_reader_that_must_get_all_is_cut_when_too_many_bytes_wait():
    deck = Deck(Limits(60.0, 1 << 30, 1 << 20, {}))
    stuck, quick = deck.reader(every("quotes/*")), deck.reader(every("quotes/*"))
    seen = Seen()
    for sequence in range(1, 3001):
        deck.now += 0.001
        deck.publish(QUOTES, sequence, size=1000)
        deck.read(quick, seen)
        deck.hub.flush()
    assert deck.cuts
    assert stuck.group is None
    assert seen.sequences(QUOTES) == list(range(1, 3001))


def test_a_burst_cuts_nobody():
    deck = Deck(Limits(60.0, 1 << 30, 1 << 20, {}))
    reader = deck.reader(every("quotes/*"))
    deck.publish(QUOTES, *range(1, 5001), size=1000)
    deck.hub.flush()
    deck.now = 0.5
    assert deck.read(reader).sequences(QUOTES) == list(range(1, 5001))
    assert deck.cuts == []


def test_a_reader_that_must_get_all_is_cut_when_an_event_waits_too_long():
    deck = Deck()
    all_, newest = deck.reader(every(QUOTES)), deck.reader(latest(QUOTES))
    deck.publish(QUOTES, 1)
    for reader in (all_, newest):
        reader.cut_if_late(11.0, 10.0, LIMITS.cut_bytes)
    assert len(deck.cuts) == 1
    assert newest.group is not None


def test_max_rate_keeps_the_newest_for_its_turn():
    deck = Deck()
    reader = deck.reader(latest(QUOTES, 10.0))
    deck.publish(QUOTES, 1, 2, 3)
    seen = deck.read(reader)
    assert seen.sequences(QUOTES) == [1]
    assert deck.hub.release_paced(0.05)
    assert not deck.hub.release_paced(0.11)
    deck.read(reader, seen)
    assert (seen.sequences(QUOTES), seen.skipped, seen.faults) == ([1, 3], [(QUOTES, 1, 2)], [])


def test_who_joins_a_paced_group_gets_the_newest_once():
    deck = Deck()
    deck.reader(latest(QUOTES, 10.0))
    deck.publish(QUOTES, 1, 2)
    joined = deck.reader(latest(QUOTES, 10.0))
    deck.hub.release_paced(0.2)
    deck.now = 0.5
    deck.publish(QUOTES, 3)
    seen = deck.read(joined)
    assert (seen.sequences(QUOTES), seen.faults) == ([2, 3], [])


def test_leaving_a_paced_subscription_does_not_lose_the_newest():
    deck = Deck()
    reader = deck.reader(latest(QUOTES, 10.0))
    deck.publish(QUOTES, 1, 2, 3)
    reader.attach(plan(every(QUOTES)), {}, (), deck.now)
    deck.publish(QUOTES, 4)
    seen = deck.read(reader)
    assert (seen.sequences(QUOTES), seen.skipped, seen.faults) == ([1, 3, 4], [(QUOTES, 1, 2)], [])


def test_a_heartbeat_does_not_claim_what_waits_for_its_turn():
    deck = Deck()
    reader = deck.reader(latest(QUOTES, 1.0))
    deck.now = 1.0
    deck.publish(QUOTES, 1, 2)
    reader.heartbeat_is_due = True
    assert deck.read(reader).heartbeats == [{}]


def test_large_replays_to_latest_readers_are_conflated():
    deck = Deck(Limits(60.0, 1 << 30, 1 << 30, {}))
    deck.publish(QUOTES, *range(1, 501), size=1000)
    seen = deck.read(deck.reader(latest(QUOTES), cursors={QUOTES: Cursor(QUOTES, 1, 1)}))
    assert (seen.sequences(QUOTES), seen.skipped) == ([500], [(QUOTES, 498, 499)])


def test_the_rings_stay_within_their_bytes():
    deck = Deck()
    for sequence in range(1, 3000):
        deck.publish(QUOTES, sequence, size=1000)
        deck.publish(OTHER, sequence, size=1000)
    assert deck.hub.kept_bytes <= LIMITS.ring_bytes


def test_a_topic_keeps_its_newest_event_for_ever():
    deck = Deck()
    deck.publish(QUOTES, 1, 2)
    deck.now = 1000.0
    deck.hub.evict(deck.now)
    assert deck.read(deck.reader(QUOTES)).sequences(QUOTES) == [2]
