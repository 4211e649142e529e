"""What the trading area needs of others."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.trading.domain.restating import Prices
from quarterdeck_server.trading.domain.statement import Statement
from quarterdeck_server.trading.domain.topic import TopicRecord
from quarterdeck_server.trading.portfolio import Instrument


class InstrumentSource(Protocol):
    """Knows the facts of instruments."""

    async def instrument(self, instrument: str) -> Instrument:
        """Return an instrument; fails with InstrumentNotFound or Unavailable."""
        ...

    async def pairs(self, base: str, quote: str) -> Sequence[Instrument]:
        """Return the spot pairs whose price is an exchange rate between two currencies."""
        ...


class PriceHistory(Protocol):
    """Knows what instruments cost in the past."""

    async def closes(
        self, instrument: str, within_ns: tuple[int, int], caller: Caller | None
    ) -> Prices:
        """Return prices of a time, and the last one before it, as far as there are any.

        Asks with the rights of a caller; fails with Unavailable if they are not enough.
        """
        ...


@dataclass(frozen=True, slots=True)
class Market:
    """What the trading area asks of the market."""

    instruments: InstrumentSource
    history: PriceHistory


class RecordSink(Protocol):
    """Takes what durable topics published, once it is committed."""

    def committed(self, records: Sequence[TopicRecord]) -> None:
        """Pass records on to readers, in order, without waiting."""
        ...


class Broker(Protocol):
    """A broker that can be asked what its accounts hold and did."""

    async def statement(self) -> Statement:
        """Return what it says now; fails with Unavailable."""
        ...
