"""Numbers and lateness of rows."""

from hypothesis import given
from hypothesis import strategies as st
from tests.unit.marketdata.batches import ints

from quarterdeck_server.marketdata.domain.sequence import Lateness, Sequencer


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(1, 1000))))
def test_each_topic_is_counted_from_one_without_a_hole(takes):
    sequencer = Sequencer(epoch=7)
    expected = dict.fromkeys("ab", 1)
    for topic, rows in takes:
        assert sequencer.take(topic, rows) == expected[topic]
        expected[topic] += rows


def test_rows_before_an_earlier_row_of_their_topic_are_late():
    lateness = Lateness()
    assert lateness.late("A", "quotes/A", ints(5, 4, 6, 6)) == 1
    assert lateness.late("A", "quotes/A", ints(5, 7)) == 1
    assert lateness.late("A", "trades/A", ints(1)) == 0


def test_a_clock_set_back_on_purpose_makes_nothing_late():
    lateness = Lateness()
    lateness.late("A", "quotes/A", ints(5))
    lateness.forget(["A"])
    assert lateness.late("A", "quotes/A", ints(1)) == 0
