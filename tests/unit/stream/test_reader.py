from tests.unit.stream.deck import Deck, Seen, Stored, every, latest, plan

from quarterdeck_server.stream.domain import Cursor, Delivery, Subscription
from quarterdeck_server.stream.engine.plan import Scope

QUOTES = "quotes/AAPL.XNAS"
FILLS = "fills/SIM-001/ema"


def test_a_new_reader_gets_the_newest_event_then_every_one():
    deck = Deck()
    deck.publish(QUOTES, 1, 2, 3)
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 4, 5)
    assert deck.read(reader).sequences(QUOTES) == [3, 4, 5]


def test_readers_of_the_same_topics_share_the_same_bytes():
    deck = Deck()
    first, second = deck.reader("quotes/*"), deck.reader("quotes/*")
    deck.publish(QUOTES, 1, 2)
    assert first.take(0, 0).data is second.take(0, 0).data


def test_what_arrives_while_a_write_is_under_way_leaves_as_one_frame():
    deck = Deck()
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 1)
    reader.take(0, 0)
    deck.publish(QUOTES, *range(2, 102))
    deck.hub.flush()
    assert reader.take(0, 0).events == 100


def test_a_topic_that_appears_under_a_prefix_is_announced_before_its_events():
    deck = Deck()
    reader = deck.reader("quotes/*")
    deck.publish(QUOTES, 7)
    seen = deck.read(reader)
    assert (seen.controls, seen.events) == (["subscribed"], [(QUOTES, 7)])


def test_resuming_goes_on_exactly_after_the_cursor():
    deck = Deck()
    deck.publish(QUOTES, *range(1, 11))
    reader = deck.reader(QUOTES, cursors={QUOTES: Cursor(QUOTES, 1, 6)})
    deck.publish(QUOTES, 11)
    assert deck.read(reader).sequences(QUOTES) == [7, 8, 9, 10, 11]


def test_a_cursor_that_is_too_old_gets_a_gap_then_the_ring():
    deck = Deck()
    deck.publish(QUOTES, *range(1, 6))
    deck.now = 100.0
    deck.publish(QUOTES, 6, 7)
    deck.hub.evict(deck.now)
    seen = deck.read(deck.reader(QUOTES, cursors={QUOTES: Cursor(QUOTES, 1, 2)}))
    assert seen.gaps == [(QUOTES, 1, 3, 5)]
    assert seen.sequences(QUOTES) == [6, 7]


def test_another_epoch_gets_a_gap_then_all_that_is_kept_of_it():
    deck = Deck()
    deck.publish(QUOTES, 1, 2, epoch=2)
    seen = deck.read(deck.reader(QUOTES, cursors={QUOTES: Cursor(QUOTES, 1, 9)}))
    assert seen.gaps == [(QUOTES, 2, 0, 0)]
    assert seen.sequences(QUOTES) == [1, 2]


def test_a_restarted_owner_is_announced_to_live_readers():
    deck = Deck()
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 5, epoch=1)
    deck.publish(QUOTES, 1, epoch=2)
    seen = deck.read(reader)
    assert (seen.gaps, seen.faults) == ([(QUOTES, 2, 0, 0)], [])


def test_what_an_outdated_owner_still_publishes_is_dropped():
    deck = Deck()
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 1, epoch=2)
    deck.publish(QUOTES, 6, epoch=1)
    assert deck.read(reader).sequences(QUOTES) == [1]


def test_what_the_bus_repeats_is_dropped():
    deck = Deck()
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 1, 2, 1, 2, 3)
    assert deck.read(reader).sequences(QUOTES) == [1, 2, 3]


def test_what_the_bus_lost_of_market_data_is_a_gap_also_for_who_resumes_later():
    deck = Deck()
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 1, 2, 5)
    assert deck.read(reader).gaps == [(QUOTES, 1, 3, 4)]
    later = deck.reader(QUOTES, cursors={QUOTES: Cursor(QUOTES, 1, 1)})
    seen = deck.read(later)
    assert (seen.gaps, seen.sequences(QUOTES)) == ([(QUOTES, 1, 3, 4)], [2, 5])


def test_what_the_bus_lost_of_a_durable_topic_is_read_from_the_log():
    deck = Deck()
    reader = deck.reader(FILLS)
    deck.publish(FILLS, 1, 4)
    deck.publish(FILLS, 5)
    assert deck.read(reader).sequences(FILLS) == [1]
    (loss,) = deck.losses
    deck.hub.mend(loss.topic, [deck.message(FILLS, 2), deck.message(FILLS, 3)], deck.now)
    seen = deck.read(reader, Seen({FILLS: (1, 1)}))
    assert (seen.sequences(FILLS), seen.faults) == ([2, 3, 4, 5], [])


def test_a_durable_hole_that_the_log_cannot_fill_is_a_gap():
    deck = Deck()
    reader = deck.reader(FILLS)
    deck.publish(FILLS, 1, 4)
    deck.hub.mend(FILLS, [], deck.now)
    seen = deck.read(reader)
    assert (seen.gaps, seen.sequences(FILLS)) == ([(FILLS, 1, 2, 3)], [1, 4])


def test_a_suspected_loss_asks_for_the_durable_topics_that_are_read():
    deck = Deck()
    deck.publish(FILLS, 1)
    reader = deck.reader(FILLS)
    deck.hub.suspect_loss()
    assert deck.losses[0].after == 1
    deck.hub.mend(FILLS, [deck.message(FILLS, 2)], deck.now)
    assert deck.read(reader).sequences(FILLS) == [1, 2]


def test_a_durable_cursor_of_an_unknown_topic_is_filled_from_the_log():
    deck = Deck()
    reader = deck.reader("fills/*", cursors={FILLS: Cursor(FILLS, 1, 5)})
    (hole,) = reader.holes
    stored = Stored(1, 7, (deck.message(FILLS, 6), deck.message(FILLS, 7)))
    reader.fill(hole, stored, deck.now)
    deck.publish(FILLS, 8)
    seen = deck.read(reader, Seen({FILLS: (1, 5)}))
    assert (seen.sequences(FILLS), seen.faults) == ([6, 7, 8], [])


def test_live_events_that_the_log_gave_already_are_not_sent_twice():
    deck = Deck()
    reader = deck.reader(FILLS, cursors={FILLS: Cursor(FILLS, 1, 5)})
    deck.publish(FILLS, 7)
    stored = Stored(1, 7, (deck.message(FILLS, 6), deck.message(FILLS, 7)))
    reader.fill(reader.holes[0], stored, deck.now)
    deck.publish(FILLS, 8)
    seen = deck.read(reader, Seen({FILLS: (1, 5)}))
    assert (seen.sequences(FILLS), seen.faults) == ([6, 7, 8], [])


def test_a_hole_between_the_log_and_live_events_is_asked_for_again():
    deck = Deck()
    reader = deck.reader(FILLS, cursors={FILLS: Cursor(FILLS, 1, 5)})
    deck.publish(FILLS, 9)
    reader.fill(reader.holes[0], Stored(1, 6, (deck.message(FILLS, 6),)), deck.now)
    seen = deck.read(reader, Seen({FILLS: (1, 5)}))
    stored = Stored(1, 9, tuple(deck.message(FILLS, n) for n in (7, 8, 9)))
    reader.fill(reader.holes[0], stored, deck.now)
    deck.read(reader, seen)
    assert (seen.sequences(FILLS), seen.faults) == ([6, 7, 8, 9], [])


def test_the_ring_of_a_durable_topic_is_completed_from_the_log():
    deck = Deck()
    deck.publish(FILLS, 8, 9)
    reader = deck.reader(FILLS, cursors={FILLS: Cursor(FILLS, 1, 5)})
    assert (reader.holes[0].after, reader.holes[0].until) == (5, 7)
    deck.publish(FILLS, 10)
    stored = Stored(1, 9, tuple(deck.message(FILLS, n) for n in range(6, 10)))
    reader.fill(reader.holes[0], stored, deck.now)
    assert deck.read(reader).sequences(FILLS) == [6, 7, 8, 9, 10]


def test_a_log_of_another_epoch_is_announced():
    deck = Deck()
    reader = deck.reader(FILLS, cursors={FILLS: Cursor(FILLS, 1, 5)})
    reader.fill(reader.holes[0], Stored(3, 2, ()), deck.now)
    deck.publish(FILLS, 3, epoch=3)
    seen = deck.read(reader, Seen({FILLS: (1, 5)}))
    assert (seen.gaps, seen.sequences(FILLS)) == ([(FILLS, 3, 0, 0)], [3])


def test_a_topic_born_while_its_prefix_reader_was_away_is_sent_whole():
    deck = Deck()
    deck.publish(FILLS, 1)
    deck.publish("fills/SIM-001/new", 1, 2, 3)
    reader = deck.reader("fills/*", cursors={FILLS: Cursor(FILLS, 1, 1)})
    assert deck.read(reader).sequences("fills/SIM-001/new") == [1, 2, 3]


def test_what_memory_lacks_of_a_topic_born_meanwhile_is_read_from_the_log_or_announced():
    deck = Deck()
    deck.publish(FILLS, 1)
    deck.publish("fills/SIM-001/new", 4)
    deck.publish("pnl/SIM-001", 7)
    reader = deck.reader("fills/*", cursors={FILLS: Cursor(FILLS, 1, 1)})
    assert (reader.holes[0].after, reader.holes[0].until) == (0, 3)
    other = deck.reader("pnl/*", cursors={"pnl/SIM-002": Cursor("pnl/SIM-002", 1, 1)})
    seen = deck.read(other)
    assert (seen.gaps, seen.sequences("pnl/SIM-001")) == ([("pnl/SIM-001", 1, 1, 6)], [7])


def test_a_foreign_topic_under_a_prefix_is_not_delivered():
    deck = Deck()
    scope = Scope(frozenset({"SIM-001"}), frozenset("*"), lambda account, _: account == "SIM-001")
    reader = deck.reader("fills/*", scope=scope)
    deck.publish("fills/SIM-002/ema", 1)
    deck.publish(FILLS, 1)
    assert deck.read(reader).events == [(FILLS, 1)]


def test_changing_the_subscriptions_neither_loses_nor_repeats_what_stays():
    deck = Deck()
    deck.publish("trades/AAPL.XNAS", 4)
    reader = deck.reader(QUOTES)
    deck.publish(QUOTES, 1, 2)
    reader.attach(plan(every(QUOTES), latest("trades/*")), {}, (), deck.now)
    deck.publish(QUOTES, 3)
    seen = deck.read(reader)
    assert (seen.sequences(QUOTES), seen.sequences("trades/AAPL.XNAS")) == ([1, 2, 3], [4])


def test_the_most_specific_subscription_decides():
    deck = Deck()
    reader = deck.reader(latest("quotes/*", 1.0), every(QUOTES))
    deck.publish(QUOTES, *range(1, 6))
    deck.publish("quotes/MSFT.XNAS", *range(1, 6))
    seen = deck.read(reader)
    assert seen.sequences(QUOTES) == [1, 2, 3, 4, 5]
    assert seen.sequences("quotes/MSFT.XNAS") == [1]


def test_a_heartbeat_tells_how_far_the_stream_came():
    deck = Deck()
    reader = deck.reader("quotes/*")
    deck.now = 1.0
    deck.publish(QUOTES, 1, 2)
    reader.heartbeat_is_due = True
    assert deck.read(reader).heartbeats == [{QUOTES: (1, 2)}]
    deck.now = 2.0
    reader.heartbeat_is_due = True
    assert deck.read(reader).heartbeats == [{}]


def test_a_silent_topic_is_announced_and_its_return_too():
    deck = Deck()
    reader = deck.reader(QUOTES, FILLS)
    deck.publish(QUOTES, 1)
    deck.publish(FILLS, 1)
    deck.hub.watch_silence(31.0)
    deck.now = 40.0
    deck.publish(QUOTES, 2)
    assert deck.read(reader).controls == ["stale", "recovered"]


def test_bars_may_be_silent_for_their_interval():
    deck = Deck()
    reader = deck.reader("bars/*")
    deck.publish("bars/1m/AAPL.XNAS", 1)
    deck.read(reader)
    deck.hub.watch_silence(60.0)
    assert deck.read(reader).controls == []
    deck.hub.watch_silence(66.0)
    assert deck.read(reader).controls == ["stale"]


def test_who_subscribes_to_a_silent_topic_learns_that_it_is():
    deck = Deck()
    deck.publish(QUOTES, 1)
    deck.hub.watch_silence(31.0)
    seen = deck.read(deck.reader(QUOTES))
    assert (seen.sequences(QUOTES), seen.controls) == ([1], ["stale"])


def test_an_empty_log_teaches_no_topic():
    deck = Deck()
    reader = deck.reader(FILLS, cursors={FILLS: Cursor(FILLS, 1, 0)})
    reader.fill(reader.holes[0], Stored(1, 0, ()), deck.now)
    assert FILLS not in deck.hub.topics
    deck.publish(FILLS, 1)
    assert deck.read(reader).sequences(FILLS) == [1]


def test_a_topic_that_comes_back_under_another_epoch_is_announced():
    deck = Deck()
    reader = deck.reader(QUOTES, cursors={QUOTES: Cursor(QUOTES, 1, 5)})
    deck.publish(QUOTES, 1, 2, epoch=2)
    seen = deck.read(reader, Seen({QUOTES: (1, 5)}))
    assert (seen.gaps, seen.sequences(QUOTES), seen.faults) == ([(QUOTES, 2, 0, 0)], [1, 2], [])


def test_a_topic_that_comes_back_further_on_tells_what_is_missing():
    deck = Deck()
    reader = deck.reader(QUOTES, cursors={QUOTES: Cursor(QUOTES, 1, 5)})
    deck.publish(QUOTES, 4, 9)
    seen = deck.read(reader, Seen({QUOTES: (1, 5)}))
    assert (seen.gaps, seen.sequences(QUOTES), seen.faults) == ([(QUOTES, 1, 6, 8)], [9], [])


def test_a_topic_of_an_unknown_kind_is_counted_and_left_out():
    deck = Deck()
    deck.publish("riddles/x", 1)
    assert (deck.hub.counts.unknown_kind, deck.hub.topics) == (1, {})


def test_an_excluded_topic_is_not_resumed_from_the_durable_log():
    wanted = Subscription("fills/*", Delivery.ALL, 0.0, frozenset({FILLS}))
    reader = Deck().reader(wanted, cursors={FILLS: Cursor(FILLS, 1, 3)})
    assert reader.holes == ()
