import gc

from tests.unit.stream.deck import Deck

from quarterdeck_server.runtime import garbage


def test_events_in_the_rings_are_left_out_of_collections():
    deck = Deck()
    deck.publish("quotes/AAPL.XNAS", 1, 2, 3)
    assert not any(gc.is_tracked(one) for one in deck.hub.topics["quotes/AAPL.XNAS"].entries)


def test_what_exists_when_a_process_settles_is_collected_no_more():
    thresholds, kept = gc.get_threshold(), [[]]
    try:
        garbage.settle()
        assert gc.get_freeze_count() > 0
        assert not any(one is kept for one in gc.get_objects())
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
