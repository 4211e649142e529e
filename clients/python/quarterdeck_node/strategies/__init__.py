"""Example strategies."""
