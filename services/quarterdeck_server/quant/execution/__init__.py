"""Execution quality: what trading cost, against which prices, and why.

A cost is above zero, a gain is below, for purchases and sales alike: a side is +1 for a purchase
and -1 for a sale. Prices are in the instrument's quote currency, amounts in the same, costs of
prices in basis points (1 bp = 0.0001) of the price they are measured against. Times are in
nanoseconds.
"""
