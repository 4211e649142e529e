"""The rpcs: read the message, ask, write the message."""
