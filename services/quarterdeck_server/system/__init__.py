"""How the deck itself is: its components, its jobs, its measurements.

Owns no table. Looks at what runs and never starts, stops or repairs anything.
"""
