"""Keeping out single rows that cannot be right, so that the others are published. Pure."""

from collections.abc import Sequence

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.columns import Bars, Quotes, Trades
from quarterdeck_server.marketdata.domain.faults import first_fault
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.publication import Publishable


def sieve(batch: Publishable, instrument: Instrument, latest_ns: int) -> Sequence[Publishable]:
    """Return a batch in as many pieces as its wrong rows leave, in order.

    What is only right as a whole, a book or its changes, is kept or withheld whole. Raises
    InvalidField where a whole column is at fault.
    """
    if isinstance(batch, Quotes | Trades | Bars):
        return _pieces(batch, instrument, latest_ns)
    return [] if first_fault(batch, instrument, latest_ns) else [batch]


def _pieces(
    batch: Quotes | Trades | Bars, instrument: Instrument, latest_ns: int
) -> Sequence[Publishable]:
    pieces: list[Publishable] = []
    waiting = [batch]
    while waiting:
        part = waiting.pop()
        fault = first_fault(part, instrument, latest_ns) if len(part) else None
        if fault is None:
            pieces += [part] if len(part) else []
            continue
        if fault.row is None:
            raise InvalidField(fault.path(""), fault.problem)
        # The last in is the first out: what lies before is looked at first.
        waiting += [part.rows(slice(fault.row + 1, None)), part.rows(slice(0, fault.row))]
    return pieces
