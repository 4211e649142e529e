"""What a node's cache keeps of what is over."""

import asyncio
import json
from pathlib import Path

import pytest
from nautilus_trader.cache.cache import Cache
from nautilus_trader.common import Environment
from nautilus_trader.config import TradingNodeConfig
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.orders.unpacker import OrderUnpacker
from nautilus_trader.model.position import Position
from tests.unit.node.alone import alone, objects, share
from tests.unit.node.test_orders import GOLDEN, history

from quarterdeck_node.engine.v1 import Deck, DeckOptions
from quarterdeck_node.engine.v1.forgetting import KEPT_LIVES, KEPT_S, forget

OF_THE_ENGINE = pytest.mark.filterwarnings("ignore::DeprecationWarning:pandas")


def known(file: Path) -> Cache:
    """Return a cache that knows an order and the position that it opened."""
    made, *later = history(json.loads(file.read_text())["said"])
    order = OrderUnpacker.from_init(made)
    cache = Cache()
    cache.add_order(order)
    for event in later:
        order.apply(event)
        cache.update_order(order)
    cache.add_position(Position(share(made.instrument_id), later[-1]), 1)
    return cache


def test_a_closed_order_is_forgotten_after_a_while_and_an_open_position_is_not() -> None:
    cache = known(GOLDEN / "filled.json")
    (order,) = cache.orders()
    forget(cache, order.ts_closed + KEPT_S * 10**9 - 1)
    assert cache.orders()
    forget(cache, order.ts_closed + KEPT_S * 10**9)
    assert (cache.orders(), len(cache.positions_open())) == ([], 1)


def test_of_a_position_that_always_turns_the_newest_lives_are_kept() -> None:
    cache = known(GOLDEN / "filled.json")
    (position,) = cache.positions_open()
    for _ in range(KEPT_LIVES + 3):
        cache.snapshot_position(position)
    newest = cache.position_snapshots(position.id)[-1].id
    forget(cache, 0)
    kept = cache.position_snapshots(position.id)
    assert (len(kept), kept[-1].id) == (KEPT_LIVES, newest)


@OF_THE_ENGINE
async def test_of_orders_that_are_over_nothing_of_the_engine_stays(tmp_path: Path) -> None:
    async with alone(tmp_path) as node:
        await node.trade(2 * KEPT_LIVES)
        before = objects()
        await node.trade(KEPT_LIVES)
        assert objects() == before


@OF_THE_ENGINE
async def test_a_node_with_a_real_venue_is_not_made_to_forget(tmp_path: Path) -> None:
    options = DeckOptions(state_folder=tmp_path, forgets=True)
    deck = Deck("localhost:1", node="live", account="U-1", api_key="key", options=options)
    node = TradingNode(
        TradingNodeConfig(environment=Environment.LIVE), loop=asyncio.get_running_loop()
    )
    with pytest.raises(ValueError, match="forgets must be False in a live environment"):
        deck.attach(node)
    node.kernel.dispose()
    await deck.leave()
