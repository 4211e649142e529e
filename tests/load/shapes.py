"""The shapes of load: how many streams want what, and how fast it is published."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from tests.load.feed import topic

from quarterdeck.api.stream.v1.stream_service_pb2 import WatchRequest

SEED = 20_260_101


@dataclass(frozen=True, slots=True)
class Shape:
    """A load on one deck. ``picks`` is how many topics a stream chooses, 0 for all of them."""

    name: str
    streams: int = 1_000
    connections: int = 100
    rate: int = 1_000
    topics: int = 10
    picks: int = 0
    stuck: int = 0
    via: str = "direct"
    reader: str = "compiled"
    protocol: str = "grpc"
    processes: int = 1

    @property
    def wanted_per_s(self) -> float:
        """How many events a second are to be delivered."""
        reading = self.streams - self.stuck
        return self.rate * reading * (self.picks or self.topics) / self.topics

    def requests(self) -> Sequence[bytes]:
        """Return what each stream asks for, all events of its topics."""
        if not self.picks:
            return [_request(["quotes/*"])]
        dice = random.Random(SEED)
        every = range(self.topics)
        return [
            _request([topic(number) for number in dice.sample(every, self.picks)])
            for _ in range(self.streams)
        ]


def _request(names: Sequence[str]) -> bytes:
    wanted = [{"topic": name, "delivery": "DELIVERY_ALL"} for name in names]
    return WatchRequest(subscriptions=wanted).SerializeToString()


BROADCAST = Shape("broadcast", rate=5_000)
MIXED = Shape("mixed", rate=20_000, topics=1_000, picks=50)
FEW = Shape("50 a stream", rate=50)
STUCK = Shape("ten stuck readers", rate=5_000, stuck=10)
ENVOY = Shape("broadcast through Envoy", rate=1_000, via="envoy")
WEB = Shape("gRPC-Web through Envoy", rate=1_000, via="envoy", protocol="web")
CHECKED = Shape("plain grpcio", streams=40, connections=4, rate=1_000, reader="grpcio", processes=2)
HELD = Shape("held", streams=5_000, connections=500, rate=10)
TAB = Shape("one tab", streams=1, connections=1, rate=20_000, topics=100)
EVERY = (BROADCAST, MIXED, FEW, STUCK, ENVOY, WEB, CHECKED, HELD)
