"""What somebody says of accounts, and what the log says of the same, item by item."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

ALWAYS_NS = (0, 2**63 - 1)


class Subject(IntEnum):
    """What a difference is about; the numbers are those of the contract."""

    POSITION = 1
    FILL = 2
    ORDER = 3
    CASH = 4


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """What both sides have a word for; empty where a subject has no such part."""

    subject: Subject
    account: str
    strategy: str = ""
    instrument: str = ""
    currency: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True)
class Terms:
    """What one side says of an item; the price only where it says one."""

    quantity: Decimal
    price: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a statement tells completely: there, silence means that there is nothing.

    ``strategies`` is ``None`` where the source does not tell strategies apart; fills are covered
    from the first to before the second time of ``within_ns``.
    """

    accounts: frozenset[str]
    subjects: frozenset[Subject]
    strategies: frozenset[str] | None = None
    within_ns: tuple[int, int] = ALWAYS_NS

    def covers(self, item: Item) -> bool:
        """Tell whether silence about an item would mean something, whenever it happened."""
        if self.strategies is not None and item.strategy not in self.strategies:
            return False
        return item.account in self.accounts and item.subject in self.subjects


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source says: "nodes/{node}" or "brokers/{broker}"."""

    source: str
    coverage: Coverage
    items: Mapping[Item, Terms]
