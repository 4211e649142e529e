"""Fills as a table."""

from collections.abc import Sequence

from quarterdeck_server.analytics.domain.fill import Fill
from quarterdeck_server.kernel.table import Column, Kind, Table

KINDS = {
    "quantity": Kind.EXACT,
    "price": Kind.EXACT,
    "fee": Kind.EXACT,
    "late": Kind.FLAG,
    "order_unknown": Kind.FLAG,
    "busted": Kind.FLAG,
    "correction_count": Kind.WHOLE,
}
"""All others are texts."""
NAMES = (
    *("account", "strategy", "instrument", "side", "quantity", "price", "fee", "fee_currency"),
    *(
        "liquidity",
        "trade_id",
        "client_order_id",
        "late",
        "order_unknown",
        "busted",
        "correction_count",
    ),
)


def fills(found: Sequence[Fill]) -> Table:
    """List fills, oldest first; ``time_ns`` has what a spreadsheet cuts off of ``time``."""
    return (
        Column("time", Kind.TIME, [one.time_ns for one in found]),
        Column("time_ns", Kind.TEXT, [str(one.time_ns) for one in found]),
        *(
            Column(name, KINDS.get(name, Kind.TEXT), [getattr(one, name) for one in found])
            for name in NAMES
        ),
    )
