"""The rpcs of the trading area: read the message, ask, write the message."""
