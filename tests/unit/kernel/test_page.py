"""Tokens of pages: opaque to clients, and of no use but where they were made."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck_server.kernel import page

FILTERS = ["a", 1]
PARTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")) | st.integers(
    -page.LARGEST, page.LARGEST
)


def forged(position: object) -> str:
    """Make a token for the right query with a position of one's own."""
    digest = page.encode("List", FILTERS, [])
    told = json.loads(base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)))[0]
    return base64.urlsafe_b64encode(json.dumps([told, position]).encode()).decode().rstrip("=")


@given(st.lists(PARTS, min_size=1, max_size=4))
def test_a_position_comes_back_as_it_was(position: page.Position) -> None:
    token = page.encode("List", FILTERS, position)
    assert page.decode(token, "List", FILTERS, *map(type, position)) == position


@pytest.mark.parametrize(
    "position",
    ["x", {}, [], [None], [1.5], [True], [[1]], [2**63], ["\0"], ["\ud800"], ["x", 1], [1], [1, 2]],
)
def test_a_token_with_another_position_is_refused(position: object) -> None:
    with pytest.raises(page.PageTokenInvalid):
        page.decode(forged(position), "List", FILTERS, int, str)


@given(st.text(min_size=1))
def test_a_token_of_ones_own_making_is_refused(text: str) -> None:
    with pytest.raises(page.PageTokenInvalid):
        page.decode(text, "List", FILTERS, str)
