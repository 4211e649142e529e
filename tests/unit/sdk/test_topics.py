"""Topics are made and taken apart by one rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck import topics
from quarterdeck_server.kernel import patterns
from quarterdeck_server.kernel import topics as server_topics


@given(st.lists(st.text(), min_size=1, max_size=3))
def test_whatever_the_parts_hold_they_come_back(parts: list[str]) -> None:
    assert topics.split(topics.topic("quotes", *parts)) == ("quotes", *parts)


@given(st.lists(st.text(min_size=1), min_size=1, max_size=3))
def test_the_server_makes_the_same_topic(parts: list[str]) -> None:
    assert topics.topic("pnl", *parts) == server_topics.topic("pnl", *parts)


def test_a_currency_pair_is_one_part() -> None:
    assert topics.topic("quotes", "EUR/USD.IDEALPRO") == "quotes/EUR%2FUSD.IDEALPRO"


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("quotes/*", "quotes/AAPL.XNAS", True),
        ("quotes/*", "trades/AAPL.XNAS", False),
        ("quotes/A", "quotes/AAPL.XNAS", False),
        (topics.prefix("fills", "SIM-001"), "fills/SIM-001/EmaCross-001", True),
        (topics.prefix("fills", "SIM-001"), "fills/SIM-0012/EmaCross-001", False),
    ],
)
def test_a_star_at_the_end_stands_for_any_rest(pattern: str, name: str, *, expected: bool) -> None:
    assert topics.matches(pattern, name) is expected


@given(
    st.lists(st.text("ab*%", min_size=1, max_size=5), min_size=1, max_size=3),
    st.lists(st.text("ab/%", min_size=1, max_size=5), min_size=1, max_size=3),
)
def test_a_pattern_means_here_what_it_means_at_the_server(
    pattern: list[str], name: list[str]
) -> None:
    asked = "/".join(("quotes", *(part.replace("%", "%25") for part in pattern)))
    topic = topics.topic("quotes", *name)
    assert topics.matches(asked, topic) is patterns.names(asked, topic)


def test_what_is_excluded_is_not_covered() -> None:
    assert topics.matches("quotes/*.XNAS", "quotes/AAPL.XNAS", ["quotes/T*"])
    assert not topics.matches("quotes/*.XNAS", "quotes/TSLA.XNAS", ["quotes/T*"])
