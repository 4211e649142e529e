"""Plays recorded market data as a stream: pages of history, merged by event time and paced.

It keeps nothing and decides nothing about history: what it plays comes from the market data area,
read with the caller's own token.
"""
