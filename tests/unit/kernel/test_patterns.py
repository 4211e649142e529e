"""Which topics a pattern names, and which of two decides."""

from fnmatch import fnmatchcase
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel import patterns, topics

CASES = [
    ("quotes/*", "quotes/AAPL.XNAS", True),
    ("quotes/*", "quotes/", False),
    ("quotes/*", "trades/AAPL.XNAS", False),
    ("quotes/*.XNAS", "quotes/AAPL.XNAS", True),
    ("quotes/*.XNAS", "quotes/AAPL.XNYS", False),
    ("quotes/*.XNAS", "quotes/A/B.XNAS", False),
    ("quotes/A*L.X*S", "quotes/AAPL.XNAS", True),
    ("orders/*/momentum", "orders/SIM-001/momentum", True),
    ("orders/*/momentum", "orders/SIM-001/momentum/x", False),
    ("orders/*/momentum", "orders/SIM-001/ema", False),
    ("orders/SIM-*/*", "orders/SIM-001/ema", True),
    ("orders/SIM-*/*", "orders/LIVE-1/ema", False),
    ("bars/*/AAPL.*", "bars/1d/AAPL.XNAS", True),
    ("quotes/EUR*", topics.topic("quotes", "EUR/USD.IDEALPRO"), True),
    ("quotes/*2FUSD.IDEALPRO", topics.topic("quotes", "EUR/USD.IDEALPRO"), False),
    ("quotes/*%2FUSD.IDEALPRO", topics.topic("quotes", "EUR/USD.IDEALPRO"), True),
]


@pytest.mark.parametrize(("pattern", "topic", "expected"), CASES)
def test_a_star_stands_for_characters_of_its_part_and_at_the_end_for_any_rest(
    pattern, topic, expected
):
    assert patterns.names(pattern, topic) is expected


@given(st.text("ab*", min_size=1, max_size=12), st.text("ab", min_size=1, max_size=12))
def test_a_part_is_matched_as_file_names_are(part, name):
    expected = fnmatchcase(name, part)
    assert patterns.names(f"orders/{part}/x", f"orders/{name}/x") is expected


def test_the_most_specific_pattern_is_decided_from_the_left():
    ordered = [
        "orders/SIM-001/*tum",
        "orders/SIM-001/*",
        "orders/SIM*/momentum",
        "orders/SI*/momentum",
        "orders/*/momentum",
        "orders/*/*tum",
        "orders/*/*",
        "orders/*",
    ]
    mixed = sorted(ordered)
    assert sorted(mixed, key=lambda text: patterns.pattern(text).rank) == ordered


def test_a_pattern_of_many_stars_takes_no_longer_than_others():
    begin = process_time()
    assert not patterns.names("quotes/" + "*a" * 100 + "b/x", "quotes/" + "a" * 280 + "/x")
    assert process_time() - begin < 0.1


@pytest.mark.parametrize("text", ["quotes/AAPL%", "quotes/%20", "quotes/%2f"])
def test_a_percent_that_escapes_nothing_is_refused(text):
    with pytest.raises(topics.TopicInvalid, match="may have a %"):
        topics.check(text, ["quotes"], "subscriptions[0].topic")
