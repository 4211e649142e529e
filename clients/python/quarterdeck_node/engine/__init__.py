"""The trading engines: one small port and an adapter for each engine version."""
