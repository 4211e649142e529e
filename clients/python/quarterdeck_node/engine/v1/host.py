"""Runs a paper-trading node from a configuration: the deck's data, simulated venues, a cache."""

import asyncio
import logging
from collections.abc import Sequence
from decimal import ROUND_DOWN, Decimal
from urllib.parse import unquote, urlsplit

from nautilus_trader.adapters.sandbox.config import SandboxExecutionClientConfig
from nautilus_trader.cache.config import CacheConfig
from nautilus_trader.common import Environment
from nautilus_trader.common.config import DatabaseConfig
from nautilus_trader.config import (
    ImportableStrategyConfig,
    LiveDataEngineConfig,
    LiveExecEngineConfig,
    LiveRiskEngineConfig,
    LoggingConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode

from quarterdeck import AsyncClient
from quarterdeck.errors import Unavailable
from quarterdeck_node.config import NodeConfig
from quarterdeck_node.engine.port import EngineError
from quarterdeck_node.engine.v1.deck import Deck, DeckOptions
from quarterdeck_node.engine.v1.instruments import list_instruments
from quarterdeck_node.engine.v1.paper import SandboxLiveExecClientFactory
from quarterdeck_node.pause import Backoff

LOG = logging.getLogger(__name__)
POST_STOP = 2.0
"""Seconds that the engine waits after its strategies stopped, for what is still on its way."""
START_TIMEOUT = 120.0
"""Seconds until the strategies must run."""
KEPT_ROWS = 2_000
"""How many prices of a kind and instrument strategies can look back on; 200 bytes each."""
CENT = Decimal("0.01")


async def run(config: NodeConfig) -> None:
    """Run a node until it is told to stop."""
    deck = make_deck(config)
    venues = await find_venues(deck.client)
    node = TradingNode(node_config(config, deck, venues), loop=asyncio.get_running_loop())
    deck.attach(node)
    for venue in venues:
        node.add_exec_client_factory(venue, SandboxLiveExecClientFactory)
    node.build()
    watch = asyncio.create_task(stop_if_idle(node))
    try:
        await node.run_async()
        await deck.leave()
    finally:
        watch.cancel()
        node.kernel.dispose()
    if watch.done() and not watch.cancelled():
        raise EngineError(f"the strategies did not run {START_TIMEOUT:g} s after the start")


def make_deck(config: NodeConfig) -> Deck:
    """Name the deck to the node."""
    return Deck(
        config.address,
        node=config.node,
        account=config.account,
        api_key=config.secret(),
        options=DeckOptions(
            state_folder=config.state_folder,
            base_currency=config.base_currency,
            opening_balance=config.opening_balance,
            taker_fee=config.taker_fee,
            ca_certificate=config.ca_certificate_file,
            display_name=config.display_name,
            forgets=True,
        ),
    )


async def stop_if_idle(node: TradingNode) -> None:
    """End a node whose engine gave up starting: it would stay as it is without a word."""
    started = asyncio.get_running_loop().time()
    while not node.trader.is_running:
        if asyncio.get_running_loop().time() - started > START_TIMEOUT:
            node.stop()
            return
        await asyncio.sleep(1.0)
    await asyncio.Event().wait()


async def find_venues(client: AsyncClient) -> list[str]:
    """Return the venues of the deck's instruments, as soon as the deck can be reached."""
    backoff = Backoff()
    while True:
        try:
            instruments = await list_instruments(client)
        except Unavailable as error:
            LOG.warning("the deck is not reachable: %s", error)
            await backoff.wait(error.retry_after)
            continue
        if instruments:
            return sorted({each.instrument.rpartition(".")[2] for each in instruments})
        LOG.warning("the deck has no instruments yet")
        await backoff.wait()


def node_config(config: NodeConfig, deck: Deck, venues: Sequence[str]) -> TradingNodeConfig:
    """Describe the node to the engine."""
    url = config.cache_url()
    return TradingNodeConfig(
        environment=Environment.SANDBOX,
        trader_id=config.trader_id,
        logging=LoggingConfig(log_level=config.engine_log_level, log_colors=False),
        cache=CacheConfig(
            database=database(url) if url else None,
            # A simulated venue begins anew, and what is stored of accounts is never taken away.
            persist_account_events=False,
            tick_capacity=KEPT_ROWS,
            bar_capacity=KEPT_ROWS,
        ),
        data_engine=LiveDataEngineConfig(graceful_shutdown_on_exception=True),
        risk_engine=LiveRiskEngineConfig(graceful_shutdown_on_exception=True),
        exec_engine=LiveExecEngineConfig(
            # A simulated venue remembers nothing that one could compare with.
            reconciliation=False,
            graceful_shutdown_on_exception=True,
        ),
        data_clients=deck.data_clients,
        exec_clients=dict(zip(venues, simulated(config, venues), strict=True)),
        strategies=[
            ImportableStrategyConfig(
                strategy_path=each.strategy, config_path=each.config, config=each.parameters
            )
            for each in config.strategies
        ],
        load_state=bool(url),
        save_state=bool(url),
        timeout_post_stop=POST_STOP,
        timeout_disconnection=2.0,
    )


def simulated(config: NodeConfig, venues: Sequence[str]) -> list[SandboxExecutionClientConfig]:
    """Describe a simulated venue for each venue; the account's balance is shared among them."""
    share = (config.opening_balance / len(venues)).quantize(CENT, ROUND_DOWN)
    shares = [config.opening_balance - share * (len(venues) - 1), *[share] * (len(venues) - 1)]
    return [
        SandboxExecutionClientConfig(
            venue=venue,
            base_currency=config.base_currency,
            starting_balances=[f"{balance} {config.base_currency}"],
            account_type="MARGIN",
            # Numbers that begin again with every start would meet those in the cache.
            use_position_ids=False,
            use_random_ids=True,
        )
        for venue, balance in zip(venues, shares, strict=True)
    ]


def database(url: str) -> DatabaseConfig:
    """Describe the cache's server, given as ``redis://user:password@host:port``."""
    parts = urlsplit(url)
    return DatabaseConfig(
        type="redis",
        host=parts.hostname,
        port=parts.port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        ssl=parts.scheme == "rediss",
    )
