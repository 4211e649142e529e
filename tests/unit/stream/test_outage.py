"""Topics are stale while the part of the bus that carries them is away."""

from tests.unit.stream.deck import Deck

from quarterdeck_server.runtime.bus import WHOLE, Share
from quarterdeck_server.stream.domain import Stale
from quarterdeck_server.stream.engine.outage import NOTE, Outages

TOPICS = [f"quotes/S{number}.XNAS" for number in range(8)]
PARTS = [Share(0, 2), Share(1, 2)]


def stale(deck: Deck) -> set[str]:
    return {one.name for one in deck.hub.topics.values() if one.stale is not None}


def scene() -> tuple[Deck, Outages]:
    deck = Deck()
    for topic in TOPICS:
        deck.hub.learn(topic, 1, 1, 0.0)
    return deck, Outages(deck.hub)


def test_each_topic_belongs_to_one_part_and_every_part_has_some() -> None:
    found = [{topic for topic in TOPICS if part.holds(topic)} for part in PARTS]
    assert found[0] | found[1] == set(TOPICS)
    assert found[0]
    assert found[1]
    assert not found[0] & found[1]


def test_only_the_topics_of_the_part_that_is_away_are_stale() -> None:
    deck, outages = scene()
    count = outages.begin(0, PARTS[0].holds, 5.0)
    assert stale(deck) == {topic for topic in TOPICS if PARTS[0].holds(topic)}
    assert count == len(stale(deck))
    assert outages.end(0, PARTS[0].holds, 9.0)
    assert stale(deck) == set()


def test_what_was_silent_before_stays_silent_after() -> None:
    """The bus that is back says nothing of a source that had stopped before."""
    deck, outages = scene()
    silent = deck.hub.topics[TOPICS[0]]
    silent.stale = Stale(silent.name, 1)
    outages.begin(0, WHOLE.holds, 5.0)
    outages.end(0, WHOLE.holds, 9.0)
    assert stale(deck) == {TOPICS[0]}


def test_the_end_of_an_outage_that_never_was_announces_nothing() -> None:
    deck, outages = scene()
    assert not outages.end(0, WHOLE.holds, 9.0)
    assert stale(deck) == set()


def test_a_second_beginning_announces_nothing_again() -> None:
    deck, outages = scene()
    outages.begin(0, WHOLE.holds, 5.0)
    assert outages.begin(0, WHOLE.holds, 6.0) == 0
    notes = {one.stale.note for one in deck.hub.topics.values() if one.stale is not None}
    assert notes == {NOTE}
