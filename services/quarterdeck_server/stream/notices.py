"""Notices of the deck itself to everybody who watches."""

from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck_server.kernel import topics
from quarterdeck_server.runtime.bus.message import Message
from quarterdeck_server.runtime.bus.port import Bus
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.stream.engine.hub import Hub

TOPIC = topics.topic("notices", "broadcast")
NS = 1_000_000_000


class Notices:
    """Sequences the broadcast topic, going on where any process of the deck left it."""

    def __init__(self, bus: Bus, hub: Hub, clock: Clock) -> None:
        self._bus, self._hub, self._clock = bus, hub, clock
        self._epoch, self._sequence = clock.now_ns() // NS, 0

    async def broadcast(self, notice: Notice) -> None:
        """Publish a notice."""
        known = self._hub.topics.get(TOPIC)
        if known is not None and (known.epoch, known.head) > (self._epoch, self._sequence):
            self._epoch, self._sequence = known.epoch, known.head
        self._sequence += 1
        payload = notice.SerializeToString()
        now_ns = self._clock.now_ns()
        await self._bus.publish([Message(TOPIC, self._epoch, self._sequence, 1, now_ns, payload)])
