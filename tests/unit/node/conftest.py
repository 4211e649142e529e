"""The engine is imported once, with the warnings of its own dependencies left to them."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import nautilus_trader.live.node  # noqa: F401
