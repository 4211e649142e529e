"""Market data: the instruments, what is published about them, its history, and where it comes from.

It owns the sequence numbers of quotes, trades and bars, and every table of the schema
``marketdata``. It never talks to a reader: the stream area does, from what this one puts on the
bus.
"""
