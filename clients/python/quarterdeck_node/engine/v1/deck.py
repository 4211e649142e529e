"""What a user adds to a NautilusTrader node of their own to bring it to a deck."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from nautilus_trader.common import Environment
from nautilus_trader.live.node import TradingNode

from quarterdeck import AsyncClient
from quarterdeck_node.engine.v1.data import CLIENT, DeckDataClient, DeckDataConfig, factory
from quarterdeck_node.engine.v1.link import Link
from quarterdeck_node.session import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class DeckOptions:
    """What has a default."""

    state_folder: Path = field(default_factory=lambda: Path.home() / ".quarterdeck")
    """Where the spool of events is; a node has a file of its own in it."""
    accounts: Mapping[str, str] = field(default_factory=dict)
    """The deck's account for an account of the engine, where it is not the node's only one."""
    base_currency: str = "USD"
    """In which currency equity is told."""
    opening_balance: Decimal | None = None
    """What the log starts from if it does not know the account."""
    taker_fee: Decimal = Decimal(0)
    """The fee of simulated venues as a fraction of the value traded."""
    ca_certificate: Path | None = None
    """The authority that vouches for the deck, in PEM."""
    display_name: str = ""
    """What people read."""
    forgets: bool = False
    """Whether closed orders and positions leave the engine's cache; on paper alone."""


class Deck:
    """A deck, for one node.

    Put ``data_clients`` into the node's configuration if it shall have the deck's market data, and
    ``attach`` the node before it is built. Its trading events are then recorded, its health is
    reported, and it obeys the deck's commands.
    """

    def __init__(
        self,
        address: str,
        *,
        node: str,
        account: str,
        api_key: str | None = None,
        options: DeckOptions | None = None,
    ) -> None:
        """Name the deck, the node, and the account in which it trades."""
        self._options = chosen = options or DeckOptions()
        self.client = AsyncClient(address, api_key=api_key, ca_certificate=chosen.ca_certificate)
        self._identity = Identity(
            node=node,
            account=account,
            base_currency=chosen.base_currency,
            opening_balance=chosen.opening_balance,
            display_name=chosen.display_name,
        )
        self._made: list[DeckDataClient] = []
        self._link: Link | None = None

    @property
    def data_clients(self) -> dict[str, DeckDataConfig]:
        """The data clients for the node's configuration."""
        return {CLIENT: DeckDataConfig(taker_fee=self._options.taker_fee)}

    def attach(self, node: TradingNode) -> None:
        """Join the node, which was not built yet; the work begins with the node's event loop."""
        if self._options.forgets and node.kernel.environment == Environment.LIVE:
            # A venue may speak of an order long after it was closed.
            raise ValueError("forgets must be False in a live environment")
        node.add_data_client_factory(CLIENT, factory(self.client, self._made))
        file = self._options.state_folder / f"{self._identity.node}.spool"
        self._link = Link(node, self._identity, file, self._options.accounts)
        self._link.start(self.client, self._made, forgets=self._options.forgets)

    async def leave(self) -> None:
        """Wait until everything was said to the deck; for programs that run the loop themselves."""
        if self._link is not None:
            await self._link.end()
        await self.client.aclose()
