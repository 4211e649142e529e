"""Few states are kept of a long past, and the right ones."""

import pytest

from quarterdeck_server.trading.portfolio.past import STEP, Milestone, Past

FILLS = 100_000


@pytest.fixture(scope="module")
def long() -> Past[int]:
    """The past of a position that was filled once at each time."""
    past = Past[int]()
    for count in range(FILLS):
        if past.is_due(count):
            past.keep(Milestone(count, count, count))
    return past


def test_a_long_past_keeps_few_states(long: Past[int]) -> None:
    assert len(long) < 25


@pytest.mark.parametrize("late", [1, STEP, 1_000, 10_000, 50_000])
def test_what_is_late_is_replayed_from_not_much_further_back(long: Past[int], late: int) -> None:
    state = long.before(FILLS - late).newest
    assert state is not None
    assert late < FILLS - state <= 2 * late + 2 * STEP


def test_a_state_of_the_very_time_of_a_change_is_void() -> None:
    past = Past([Milestone(10, 64, "a"), Milestone(20, 128, "b")])
    assert (past.before(20).newest, past.before(10).newest) == ("a", None)
