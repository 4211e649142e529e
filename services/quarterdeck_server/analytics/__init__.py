"""Analytics: what accounts, strategies and instruments earned, and at which risk.

Owns no data: it asks the areas that do, with the caller's own token, and computes with ``quant``.
"""
