"""What is remembered of requests."""

import tracemalloc

import pytest

from quarterdeck_server.marketdata.domain.memory import MAX_WEIGHT, RequestIdReused, RequestMemory
from quarterdeck_server.marketdata.domain.publication import Acknowledgement

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


def test_the_memory_of_a_busy_publisher_is_bounded():
    memory = RequestMemory[list[Acknowledgement]]()
    tracemalloc.start()
    for number in range(MAX_WEIGHT):
        answer = [Acknowledgement(f"quotes/{number}", 10**9 + number, number, number, number)]
        memory.remember(("p", f"{number:032}"), number.to_bytes(16), answer, weight=2, now_s=0.5)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert memory.recall(("p", f"{MAX_WEIGHT // 2:032}"), (MAX_WEIGHT // 2).to_bytes(16), 1)
    assert held < 20 << 20
