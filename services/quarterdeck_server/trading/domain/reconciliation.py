"""The comparison of two sides, and what it makes of the breaks that are known. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum

from quarterdeck_server.trading.domain.statement import Coverage, Item, Subject, Terms

_HELD = frozenset({Subject.POSITION, Subject.CASH})


class BreakKind(IntEnum):
    """How two sides differ; the numbers are those of the contract."""

    MISSING = 1
    EXTRA = 2
    QUANTITY = 3
    PRICE = 4
    ORDER_UNKNOWN = 5
    ORDER_UNANSWERED = 6


@dataclass(frozen=True, slots=True)
class Difference:
    """An item of which the source and the log say different things."""

    item: Item
    kind: BreakKind
    source: Terms | None
    log: Terms | None

    def is_gone(self, log: Terms | None) -> bool:
        """Tell whether the log now says what the source said."""
        return _told(self.item, log) == self.source


@dataclass(frozen=True, slots=True)
class Break:
    """A difference that is kept until it is gone or somebody explained it."""

    number: int
    source: str
    difference: Difference
    is_open: bool
    seen_count: int
    create_time_ns: int
    seen_time_ns: int
    reason: str = ""
    resolver: str = ""
    resolve_time_ns: int | None = None

    @property
    def name(self) -> str:
        """Its name in the contract; nothing for one that is not stored."""
        return f"breaks/{self.number}" if self.number else ""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What a comparison comes to, on top of the breaks that are known."""

    opened: tuple[Difference, ...]
    seen: tuple[tuple[Break, Difference], ...]
    accepted: tuple[Break, ...]
    closed: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class Compared:
    """The two sides of a comparison."""

    source: Mapping[Item, Terms]
    log: Mapping[Item, Terms]
    coverage: Coverage

    def agrees(self, kept: Break) -> bool:
        """Tell whether a break that was not found again is gone, rather than not looked at.

        A fill belongs to one statement; what later ones leave out says nothing of it.
        """
        item = kept.difference.item
        if item in self.source:
            return True
        if item.subject is not Subject.FILL:
            return self.coverage.covers(item)
        said = kept.difference.source
        return said is not None and self.log.get(item) == said


def compare(compared: Compared) -> tuple[Difference, ...]:
    """Compare two sides; what the log alone knows counts only where the source is complete."""
    return tuple(_differences(compared.source, compared.log, compared.coverage))


def settle(known: Iterable[Break], found: Iterable[Difference], compared: Compared) -> Settlement:
    """Sort differences into new and known, and tell which open breaks are gone.

    ``known`` are the open breaks of the source, and of each other item the last one that somebody
    resolved: such a one is accepted as long as both sides keep saying the same.
    """
    open_breaks, explained = _by_item(known)
    opened, seen, accepted = [], [], []
    for difference in found:
        if kept := open_breaks.pop(difference.item, None):
            seen.append((kept, difference))
        elif (past := explained.get(difference.item)) and past.difference == difference:
            accepted.append(past)
        else:
            opened.append(difference)
    closed = [kept for kept in open_breaks.values() if compared.agrees(kept)]
    return Settlement(tuple(opened), tuple(seen), tuple(accepted), tuple(closed))


def _by_item(known: Iterable[Break]) -> tuple[dict[Item, Break], dict[Item, Break]]:
    open_breaks: dict[Item, Break] = {}
    explained: dict[Item, Break] = {}
    for one in known:
        (open_breaks if one.is_open else explained)[one.difference.item] = one
    return open_breaks, explained


def _differences(
    source: Mapping[Item, Terms], log: Mapping[Item, Terms], coverage: Coverage
) -> Iterator[Difference]:
    for item in sorted({*source, *log}):
        theirs, ours = _told(item, source.get(item)), _told(item, log.get(item))
        if theirs is None and not coverage.covers(item):
            continue
        if (kind := _kind(theirs, ours)) is not None:
            yield Difference(item, kind, theirs, ours)


def _told(item: Item, terms: Terms | None) -> Terms | None:
    # Holding nothing is the same as not saying anything.
    if terms is not None and not terms.quantity and item.subject in _HELD:
        return None
    return terms


def _kind(theirs: Terms | None, ours: Terms | None) -> BreakKind | None:
    if theirs is None:
        return None if ours is None else BreakKind.EXTRA
    if ours is None:
        return BreakKind.MISSING
    if theirs.quantity != ours.quantity:
        return BreakKind.QUANTITY
    if None not in (theirs.price, ours.price) and theirs.price != ours.price:
        return BreakKind.PRICE
    return None
