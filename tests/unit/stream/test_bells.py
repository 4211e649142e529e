from tests.unit.stream.deck import Deck, every

from quarterdeck_server.stream.engine.hub import Hub

QUOTES, OTHER = "quotes/AAPL.XNAS", "quotes/MSFT.XNAS"


def waiting(deck: Deck, topic: str, woken: list[str]):
    reader = deck.reader(every(topic))
    reader.wake = lambda: woken.append(topic)
    deck.read(reader)
    reader.wait()
    return reader


def dirty_turns(hub: Hub) -> list[int]:
    turns: list[int] = []
    hub.bells.on_dirty = lambda: turns.append(1)
    return turns


def test_only_who_wants_a_topic_is_woken_and_once_a_turn():
    deck, woken = Deck(), []
    waiting(deck, QUOTES, woken)
    waiting(deck, OTHER, woken)
    deck.hub.flush()
    woken.clear()
    deck.publish(QUOTES, 1, 2, 3)
    deck.hub.flush()
    assert woken == [QUOTES]


def test_who_writes_is_not_woken():
    deck, woken = Deck(), []
    reader = waiting(deck, QUOTES, woken)
    deck.publish(QUOTES, 1)
    deck.hub.flush()
    deck.publish(QUOTES, 2)
    deck.hub.flush()
    assert woken == [QUOTES]
    assert deck.read(reader).sequences(QUOTES) == [1, 2]


def test_a_turn_asks_for_one_flush_however_much_it_publishes():
    deck = Deck()
    waiting(deck, QUOTES, [])
    deck.hub.flush()
    turns = dirty_turns(deck.hub)
    deck.publish(QUOTES, 1, 2)
    deck.publish(OTHER, 1)
    assert len(turns) == 1


def test_who_left_is_not_woken():
    deck, woken = Deck(), []
    waiting(deck, QUOTES, woken).detach()
    deck.publish(QUOTES, 1)
    deck.hub.flush()
    assert woken == []
