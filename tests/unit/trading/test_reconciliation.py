"""What two sides differ in, and what becomes of the breaks that are known."""

from dataclasses import replace
from decimal import Decimal

import pytest

from quarterdeck_server.kernel.sheet import SheetInvalid
from quarterdeck_server.trading.domain.broker_file import Declared, read_statement
from quarterdeck_server.trading.domain.reconciliation import (
    Break,
    BreakKind,
    Compared,
    Difference,
    compare,
    settle,
)
from quarterdeck_server.trading.domain.statement import Coverage, Item, Subject, Terms

POSITION = Item(Subject.POSITION, "A", instrument="X.V")
FILL = Item(Subject.FILL, "A", instrument="X.V", reference="T-1")
EVERY = Coverage(frozenset("A"), frozenset(Subject))
HEADER = "record,account,instrument,quantity,price,trade_id,order_id,currency,time\n"


def terms(quantity: str, price: str | None = None) -> Terms:
    return Terms(Decimal(quantity), None if price is None else Decimal(price))


def kinds(theirs: dict[Item, Terms], ours: dict[Item, Terms], coverage=EVERY) -> list[BreakKind]:
    return [found.kind for found in compare(Compared(theirs, ours, coverage))]


def kept(difference: Difference, **more) -> Break:
    facts = {"is_open": True, "seen_count": 1, "create_time_ns": 1, "seen_time_ns": 1}
    return Break(7, "brokers/b", difference, **(facts | more))


def test_equal_sides_have_no_difference_however_the_numbers_are_written() -> None:
    assert kinds({POSITION: terms("10.00")}, {POSITION: terms("10")}) == []


@pytest.mark.parametrize(
    ("theirs", "ours", "kind"),
    [
        ({POSITION: terms("10")}, {}, BreakKind.MISSING),
        ({}, {POSITION: terms("10")}, BreakKind.EXTRA),
        ({POSITION: terms("10")}, {POSITION: terms("-10")}, BreakKind.QUANTITY),
        ({FILL: terms("1", "9")}, {FILL: terms("1", "8")}, BreakKind.PRICE),
    ],
)
def test_each_difference_has_its_kind(theirs, ours, kind) -> None:
    assert kinds(theirs, ours) == [kind]


def test_holding_nothing_is_the_same_as_silence() -> None:
    assert kinds({POSITION: terms("0")}, {}) == []


def test_a_price_that_one_side_does_not_tell_is_no_difference() -> None:
    assert kinds({FILL: terms("1")}, {FILL: terms("1", "8")}) == []


def test_silence_about_what_a_source_does_not_cover_is_no_difference() -> None:
    cash_alone = replace(EVERY, subjects=frozenset({Subject.CASH}))
    assert kinds({}, {POSITION: terms("10")}, cash_alone) == []
    other = replace(EVERY, strategies=frozenset({"S-2"}))
    assert kinds({}, {replace(POSITION, strategy="S-1"): terms("10")}, other) == []


def test_a_known_difference_is_seen_and_a_vanished_one_closes() -> None:
    break_ = kept(Difference(POSITION, BreakKind.EXTRA, None, terms("10")))
    changed = Difference(POSITION, BreakKind.QUANTITY, terms("9"), terms("10"))
    found = settle([break_], [changed], Compared({}, {}, EVERY))
    assert (found.seen, found.opened, found.closed) == (((break_, changed),), (), ())
    assert settle([break_], [], Compared({}, {}, EVERY)).closed == (break_,)


def test_a_resolved_difference_comes_back_only_when_it_changes() -> None:
    same = Difference(POSITION, BreakKind.EXTRA, None, terms("10"))
    past = kept(same, is_open=False, resolver="principals/ada")
    assert settle([past], [same], Compared({}, {}, EVERY)).accepted == (past,)
    other = replace(same, log=terms("11"))
    assert settle([past], [other], Compared({}, {}, EVERY)).opened == (other,)


def test_a_fill_of_another_day_stays_a_break_until_the_log_has_it() -> None:
    break_ = kept(Difference(FILL, BreakKind.MISSING, terms("1", "9"), None))
    assert settle([break_], [], Compared({}, {}, EVERY)).closed == ()
    came = Compared({}, {FILL: terms("1", "9")}, EVERY)
    assert settle([break_], [], came).closed == (break_,)


def test_a_file_covers_the_subjects_accounts_and_time_of_its_rows() -> None:
    rows = "fill,A,X.V,-1,9,T-1,,,2026-01-02T15:00:00Z\ncash,A,,5,,,,USD,\n"
    found = read_statement("brokers/b", HEADER + rows, Declared())
    start = 1_767_366_000 * 10**9
    subjects = frozenset({Subject.FILL, Subject.CASH})
    assert found.coverage == Coverage(frozenset("A"), subjects, None, (start, start + 1))
    assert found.items[FILL] == terms("-1", "9")


@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        ("deposit,A,,1,,,,,", 2, "record"),
        ("position,A,X.V,1,,,,,\nposition,A,Y.V,ten,,,,,", 3, "quantity"),
        ("position,A,X.V,1,,,,,\nposition,A,X.V,2,,,,,", 3, "record"),
        ("fill,A,X.V,1,1,T-1,,,2026-01-02T15:00:00", 2, "time"),
        ("cash,A,,1,,,,dollars,", 2, "currency"),
        ("position,,X.V,1,,,,,", 2, "account"),
        ("position,A,X.V", 2, ""),
    ],
)
def test_a_bad_row_is_named_by_row_and_column(rows, row, column) -> None:
    with pytest.raises(SheetInvalid) as caught:
        read_statement("brokers/b", HEADER + rows, Declared())
    assert (caught.value.row, caught.value.column) == (row, column)


def test_a_header_with_an_unknown_or_missing_column_is_refused() -> None:
    for header in ("record,account,quantity,colour\n", "record,account\n", ""):
        with pytest.raises(SheetInvalid):
            read_statement("brokers/b", header, Declared())
