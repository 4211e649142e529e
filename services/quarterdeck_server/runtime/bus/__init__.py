"""The bus: how what one process learns reaches the others, behind one small port."""

from quarterdeck_server.runtime.bus.local import LocalBus
from quarterdeck_server.runtime.bus.message import Batch, Message, decode, encode
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.bus.redis import RedisBus, redis_bus
from quarterdeck_server.runtime.bus.share import WHOLE, Share

__all__ = [
    "WHOLE",
    "Batch",
    "Bus",
    "LocalBus",
    "Message",
    "RedisBus",
    "Share",
    "decode",
    "encode",
    "redis_bus",
]
