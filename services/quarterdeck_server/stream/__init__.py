"""Live events to readers.

Owns the rings of recent events, the subscriptions and the live connections. Never sequences a topic
of its own but the broadcast notices, never stores anything, and never reads another area's tables.
"""
