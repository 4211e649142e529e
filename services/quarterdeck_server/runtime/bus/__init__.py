"""The bus: how what one process learns reaches the others, behind one small port."""

from quarterdeck_server.runtime.bus.local import LocalBus
from quarterdeck_server.runtime.bus.message import Batch, Message, decode, encode
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.bus.redis import RedisBus, redis_bus

__all__ = ["Batch", "Bus", "LocalBus", "Message", "RedisBus", "decode", "encode", "redis_bus"]
