"""The blocking client; made from the one for asyncio by ``tools/unasync.py``."""
