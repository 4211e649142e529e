"""The trading log and everything computed from it. Never places an order, never stores a price."""
