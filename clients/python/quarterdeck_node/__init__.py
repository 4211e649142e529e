"""What runs inside a NautilusTrader process: market data in, trading events out, control.

It owns the spool of events on the node's disk and the way between one trading engine and the
deck. It never computes profit or risk, and it never imports the server. Everything that knows the
engine is below ``engine``; the rest knows only the port in ``engine.port``.
"""
