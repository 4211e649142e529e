"""Interactive Brokers: live market data, bars of the past, and what the broker says of an account.

It speaks to a TWS or an IB Gateway through ``ib_insync`` or ``ib_async``, whichever is installed,
and only reads: it never places, changes or cancels an order.
"""
