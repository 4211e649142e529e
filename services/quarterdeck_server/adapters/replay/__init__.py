"""Plays recorded bars, bundled or the user's own, as bars and as quotes derived from them.

Event times stay historic. It owns no state: how far it came is kept by the market data area.
"""
