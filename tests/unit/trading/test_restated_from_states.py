"""A curve is told anew from shortly before what changed as it would be from the first fill on."""

from collections.abc import Iterator, Sequence
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.trading.portfolio.histories import RATIOS, SHARE, Event, Log, fees

from quarterdeck_server.kernel.money import Money, exact
from quarterdeck_server.trading.domain.restating import Prices, Track, Tracker, Turn
from quarterdeck_server.trading.portfolio import (
    BEGINNING,
    Book,
    Dividend,
    Fill,
    PositionKey,
    Side,
    Split,
    past,
    replayed,
)
from quarterdeck_server.trading.portfolio.trace import Trace

KEY = PositionKey("A", SHARE.id, "S")
RATES = {"USD": 1.0, "EUR": 1.5}
LAST = 30
times, numbers = st.integers(1, LAST), st.integers(1, 9).map(Decimal)
fills = st.builds(
    lambda side, quantity, price, time_ns, fee: Fill(
        "f", *("A", SHARE.id, "S"), side, quantity, price, time_ns, fee
    ),
    *(st.sampled_from(Side), numbers, numbers, times, fees),
)
splits = st.builds(
    lambda ratio, at: Split("s", SHARE.id, *map(Decimal, ratio), at), st.sampled_from(RATIOS), times
)
dividends = st.builds(
    lambda cash, at: Dividend("d", SHARE.id, Money(cash, "EUR"), at), numbers, times
)
lives = st.lists(st.one_of(fills, fills, fills, splits, dividends), max_size=16)
late = st.lists(st.one_of(fills, splits, dividends), min_size=1, max_size=3)


@pytest.fixture(autouse=True, scope="module")
def _many_states() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(past, "STEP", 1)
        yield


def track(book: Book, since_ns: int, known: Sequence[Event]) -> Track:
    """Follow the position as these events make it."""
    actions = [one for one in known if isinstance(one, Split | Dividend)]
    replay = book.past(KEY, since_ns, actions)
    own = [one for one in known if isinstance(one, Fill) and one.time_ns > replay.known_ns]
    found, traced = Tracker(), Trace(replay)
    with exact():
        for moments in (traced.known(), traced.steps(replayed(own)), traced.rest()):
            found.add(moments)
    return found.track()


@settings(max_examples=100, deadline=None)
@given(before=lives, added=late, shown=st.sets(times))
def test_a_turn_from_a_state_moves_points_as_one_from_the_first_fill(
    before: list[Event], added: list[Event], shown: set[int]
) -> None:
    log, after = Log(), [*before, *added]
    for one in after:
        log.take(one)
    since_ns = min(one.time_ns for one in added)
    points = np.arange(since_ns, LAST + 1, dtype=np.int64)
    closes = np.array(sorted(shown), np.int64)
    prices = Prices(closes, closes * 0.5)
    near, whole = (
        Turn(SHARE, *(track(log.book, start, known) for known in (before, after))).shift(
            points, prices, RATES.__getitem__
        )
        for start in (since_ns, BEGINNING)
    )
    for name in ("realised", "unrealised", "fees", "income", "gross_exposure"):
        np.testing.assert_allclose(getattr(near, name), getattr(whole, name), atol=1e-6)
