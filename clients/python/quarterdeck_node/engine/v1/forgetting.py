"""Forgets what is over: the deck's log has it, and a node that runs for months must not grow."""

import asyncio
import logging

from nautilus_trader.cache.cache import Cache
from nautilus_trader.live.node import TradingNode

LOG = logging.getLogger(__name__)
INTERVAL = 60.0
"""Seconds between two looks."""
KEPT_S = 60
"""Seconds that what is over stays: on paper of the market's time, which may be years ago."""
KEPT_LIVES = 100
"""How many earlier lives of a position stay, from each of which the engine adds up its profit."""


async def forget_often(node: TradingNode) -> None:
    """Forget for ever.

    On the event loop, unlike the engine's own timers, which run beside it: an order that has just
    closed must not vanish before its last event was told.
    """
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            forget_once(node)
        except Exception:
            LOG.exception("what is over could not be forgotten")


def forget_once(node: TradingNode) -> None:
    """Forget what is over by now."""
    forget(node.cache, node.kernel.clock.timestamp_ns())
    # It copies all it knows whenever a position is closed, for a report that nobody asks.
    node.portfolio.analyzer.reset()


def forget(cache: Cache, now_ns: int) -> None:
    """Forget closed orders, closed positions with their earlier lives, and old balances.

    Orders and positions leave the database of the cache, too, if it has one.
    """
    cache.purge_closed_orders(now_ns, KEPT_S, cache.has_backing)
    cache.purge_closed_positions(now_ns, KEPT_S, cache.has_backing)
    cache.purge_account_events(now_ns, KEPT_S)
    for position in cache.position_snapshot_ids():
        # A position that turns from long to short and back is never closed when one looks.
        del cache.position_snapshot_bytes(position)[:-KEPT_LIVES]
