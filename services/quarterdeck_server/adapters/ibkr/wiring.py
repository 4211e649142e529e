"""How Interactive Brokers is put together."""

from quarterdeck_server.adapters.ibkr.broker import IbkrBroker
from quarterdeck_server.adapters.ibkr.source import IbkrSource
from quarterdeck_server.adapters.ibkr.statement import IbkrStatements
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import IbkrSettings


def ibkr_source(settings: IbkrSettings, clock: Clock) -> IbkrSource:
    """Make the source; without a setting or a library it says what it lacks."""
    return IbkrSource(settings, clock)


def ibkr_broker(settings: IbkrSettings, clock: Clock) -> IbkrBroker:
    """Make the reader of accounts."""
    return IbkrBroker(settings, clock)


def ibkr_statements(settings: IbkrSettings, clock: Clock) -> IbkrStatements:
    """Make what the trading log is compared with."""
    return IbkrStatements(ibkr_broker(settings, clock))
