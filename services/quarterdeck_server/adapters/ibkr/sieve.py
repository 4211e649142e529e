"""Keeping out single rows that cannot be right, so that the others are published. Pure."""

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.columns import Batch
from quarterdeck_server.marketdata.domain.faults import first_fault
from quarterdeck_server.marketdata.domain.instrument import Instrument


def sieve(batch: Batch, instrument: Instrument, latest_ns: int) -> list[Batch]:
    """Return a batch in as many pieces as its wrong rows leave, in order.

    Raises InvalidField where a whole column is at fault.
    """
    pieces: list[Batch] = []
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
