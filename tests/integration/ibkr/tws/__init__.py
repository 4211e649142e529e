"""A fake of Interactive Brokers' Trader Workstation: its wire protocol, spoken on loopback.

It was written from what the client libraries send and decode, of the server versions 176 and 178,
and never compared with a real one. Tests script what it says and how it fails.
"""

from tests.integration.ibkr.tws.securities import AAPL, ESZ6, EURUSD, MSFT, Security
from tests.integration.ibkr.tws.server import FakeTws

__all__ = ["AAPL", "ESZ6", "EURUSD", "MSFT", "FakeTws", "Security"]
