"""Whatever is told late, corrected, busted, split or paid: the book is what counting by hand gives.

Everything goes through batches and the desk as the recorder has them, from states that are kept
after every second fill, and now and then from a restored checkpoint.
"""

import json
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.trading.portfolio.model import Model
from tests.unit.trading.test_restating import Log, counted, event

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.trading.domain.amendment import Bust, Correction, FillTerms
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill, OrderSide
from quarterdeck_server.trading.domain.order import Word
from quarterdeck_server.trading.following import book_fill
from quarterdeck_server.trading.portfolio import (
    Book,
    CostMethod,
    Dividend,
    Instrument,
    PositionKey,
    Split,
    concerns,
    past,
)

SHARE = Instrument("A.X", "USD")
KEYS = tuple(PositionKey(account, SHARE.id, "S") for account in "AB")
RATIOS = ((2, 1), (1, 2), (5, 1), (1, 4), (8, 5))
DUST = Decimal("1e-12")
numbers = st.integers(1, 9).map(Decimal)
# Few moments, so that much happens at the same one.
times = st.integers(1, 12)


@pytest.fixture(autouse=True, scope="module")
def _many_states() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(past, "STEP", 2)
        yield


@st.composite
def lives(draw: st.DrawFn) -> list[list[Event]]:
    """Draw fills with what is taken back of them, and corporate actions; each is told in order."""
    told = [_fills(draw, number) for number in range(draw(st.integers(1, 24)))]
    told += [[_action(draw, number)] for number in range(draw(st.integers(0, 3)))]
    return told


def _fills(draw: st.DrawFn, number: int) -> list[Event]:
    fee = draw(st.none() | numbers)
    fill = Fill(
        *(f"f-{number}", f"T-{number}", f"O-{number}", "", draw(st.sampled_from("AAAB")), "S"),
        *(SHARE.id, "nodes/n", draw(st.sampled_from(OrderSide)), draw(numbers), draw(numbers)),
        *(fee, "USD" if fee is not None else "", 0, draw(times)),
    )
    later: list[Correction | Bust] = [
        Correction(fill.key, FillTerms(draw(numbers), draw(numbers), None, ""), at)
        for at in draw(st.lists(times, max_size=1))
    ]
    later += [Bust(fill.key, 20) for _ in range(draw(st.sampled_from((0, 0, 0, 1))))]
    return [event(number, fill, body) for body in (fill, *later)]


def _action(draw: st.DrawFn, number: int) -> Event:
    at, account = draw(times), draw(st.sampled_from(("", "A")))
    new, old = map(Decimal, draw(st.sampled_from(RATIOS)))
    name = f"a-{number}"
    split = Split(name, SHARE.id, new, old, at)
    paid = Dividend(name, SHARE.id, Money(draw(numbers), "EUR"), at, account)
    body = draw(st.sampled_from((split, paid)))
    word = Word("nodes/n", body.account if isinstance(body, Dividend) else "", "", at)
    return Event("events[0]", name, name.encode(), b"", word, body)


def arrived(lives: list[list[Event]], chance: Random) -> list[Event]:
    """Let everything come at any time, but what is told of one fill in its order."""
    queues, found = [[*one] for one in lives], []
    while queues := [one for one in queues if one]:
        found.append(chance.choice(queues).pop(0))
    return found


def followed(events: Sequence[Event], cuts: set[int], restarts: set[int]) -> Log:
    """Record events in batches that end at the cuts; some begin after a restart."""
    log = Log()
    log.desk.add_instrument(SHARE)
    for account in "AB":
        log.desk.add_account(account, "USD")
    batch: list[Event] = []
    for number, one in enumerate(events):
        batch.append(one)
        if number in cuts or number == len(events) - 1:
            log.record(batch)
            batch = []
            if number in restarts:
                restart(log)
    return log


def restart(log: Log) -> None:
    """Go on with what a checkpoint has."""
    average, fifo = (json.loads(json.dumps(one)) for one in log.desk.books.saved())
    log.desk.restore(Book.restore(average), Book.restore(fifo), log.position)


def close(value: Decimal, counted: Fraction) -> bool:
    return abs(Fraction(value) - counted) <= Fraction(DUST)


class InOrder(Random):
    """Lets everything come in the order in which it is written."""

    def choice(self, seq):
        return seq[0]


def bought(number: int, at: int) -> list[Event]:
    fill = Fill(
        *(f"f-{number}", f"T-{number}", f"O-{number}", "", "A", "S", SHARE.id, "nodes/n"),
        *(OrderSide(1 + number % 2), Decimal(4 + number), Decimal(3), None, "", 0, at),
    )
    return [event(number, fill, fill)]


def split(number: int, numerator: int, denominator: int, at: int) -> list[Event]:
    name = f"a-{number}"
    body = Split(name, SHARE.id, Decimal(numerator), Decimal(denominator), at)
    return [Event("events[0]", name, name.encode(), b"", Word("nodes/n", "", "", at), body)]


TWO_SPLITS = [
    *(bought(number, at) for number, at in enumerate((1, 1, 2, 3, 2))),
    *(split(0, 8, 5, at=2), split(1, 1, 4, at=1)),
    *(bought(number, at) for number, at in ((5, 1), (6, 2), (7, 4))),
]
"""The later split is told first, amid fills of both times."""


@settings(max_examples=150, deadline=None)
@example(told=TWO_SPLITS, chance=InOrder(), cuts=set(), restarts=set())
@example(told=TWO_SPLITS, chance=InOrder(), cuts=set(range(10)), restarts=set())
@example(told=TWO_SPLITS, chance=InOrder(), cuts=set(range(10)), restarts={5, 6})
@given(
    told=lives(),
    chance=st.randoms(use_true_random=False),
    cuts=st.sets(st.integers(0, 40)),
    restarts=st.sets(st.integers(0, 40), max_size=3),
)
def test_the_book_is_what_counting_by_hand_gives(
    told: list[list[Event]], chance: Random, cuts: set[int], restarts: set[int]
) -> None:
    events = arrived(told, chance)
    log = followed(events, cuts, restarts)
    actions = [one.body for one in events if isinstance(one.body, Split | Dividend)]
    for method in CostMethod:
        book = log.desk.book(method)
        for key in KEYS:
            fills = counted(one for one in log.fills.values() if one.account == key.account)
            own = [one for one in actions if concerns(one, key.account)]
            model = Model(method is CostMethod.FIFO).live([*own, *map(book_fill, fills)])
            if key in book.keys(open_only=False):
                compare(book, key, model)


def compare(book: Book, key: PositionKey, model: Model) -> None:
    """Check all that is told of a position, and the cash of its account."""
    found = book.position(key)
    assert close(found.quantity, model.quantity)
    assert close(found.cost, model.cost)
    assert close(found.realised, model.realised)
    assert {one.currency: Fraction(one.amount) for one in found.fees if one.amount} == model.fees
    paid = {name: amount for name, amount in model.income.items() if amount}
    assert {one.currency: Fraction(one.amount) for one in found.income if one.amount} == paid
    for currency in ("USD", "EUR"):
        assert close(book.cash(key.account, currency), model.cash.get(currency, Fraction(0)))
    if found.fill_count:
        assert (found.closed_ns, found.opened_ns) == (model.closed_ns, model.opened_ns)
