"""Opening balances: what accounts had when the log learned of them."""

from collections.abc import Collection, Iterable, Iterator

import structlog

from quarterdeck_server.kernel.money import Money
from quarterdeck_server.runtime.postgres import Connection
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.domain.account import Opening
from quarterdeck_server.trading.portfolio import Flow, FlowKind
from quarterdeck_server.trading.store import log as store

log = structlog.get_logger()


def opening_flows(
    openings: Iterable[Opening], after: int, now_ns: int
) -> Iterator[tuple[Flow, int]]:
    """Yield the cash that accounts begin with, at the places of the log after one."""
    balances = ((one.account, balance) for one in openings for balance in one.balances)
    for position, (account, balance) in enumerate(balances, after + 1):
        money = Money(balance.total, balance.currency)
        flow_id = f"opening/{account}/{balance.currency}"
        yield Flow(flow_id, account, FlowKind.OPENING_BALANCE, money, now_ns), position


async def tell_left_out(
    connection: Connection, openings: Iterable[Opening], taken: Collection[Opening]
) -> None:
    """Say what the log does not take: it cannot know which of its flows balances hold."""
    given = {one.account for one in openings if one.balances and one not in taken}
    for account in sorted(await store.never_opened(connection, given) if given else ()):
        metrics.OPENINGS_LEFT_OUT.inc()
        log.warning("opening_balances_left_out", account=account)
