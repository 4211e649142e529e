"""The adapter for NautilusTrader 1.x: the only package that imports it, beside the strategies.

``Deck`` is what users add to a node of their own.
"""

from quarterdeck_node.engine.v1.deck import Deck, DeckOptions

__all__ = ["Deck", "DeckOptions"]
