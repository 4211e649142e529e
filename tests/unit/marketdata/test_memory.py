"""What is remembered of requests."""

import pytest

from quarterdeck_server.marketdata.domain.memory import RequestIdReused, RequestMemory

KEY = ("principals/ada", "1")


def test_an_answer_is_recalled_for_the_same_content():
    memory = RequestMemory[str]()
    memory.remember(KEY, b"x", "answer", weight=1, now_s=0)
    assert memory.recall(KEY, b"x", 1) == "answer"


def test_other_content_is_refused():
    memory = RequestMemory[str]()
    memory.remember(KEY, b"x", "answer", weight=1, now_s=0)
    with pytest.raises(RequestIdReused):
        memory.recall(KEY, b"y", 1)


def test_identifiers_of_two_principals_do_not_meet():
    memory = RequestMemory[str]()
    memory.remember(KEY, b"x", "answer", weight=1, now_s=0)
    assert memory.recall(("principals/bob", "1"), b"y", 1) is None


def test_an_answer_is_forgotten_after_its_lifetime():
    memory = RequestMemory[str](lifetime_s=10)
    memory.remember(KEY, b"x", "answer", weight=1, now_s=0)
    assert memory.recall(KEY, b"y", 10) is None


def test_the_oldest_answers_make_room():
    memory = RequestMemory[int](max_weight=10)
    for number in range(6):
        memory.remember(("p", str(number)), b"", number, weight=2, now_s=0)
    assert [memory.recall(("p", str(n)), b"", 1) for n in range(6)] == [None, 1, 2, 3, 4, 5]
