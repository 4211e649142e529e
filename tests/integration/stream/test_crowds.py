import asyncio

from tests.integration.stream.served import bearer, served

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings, StreamSettings

CROWD = 2_000
WANTED = pb.WatchRequest(subscriptions=[{"topic": "notices/*"}])


async def test_a_crowd_that_comes_at_once_is_let_in():
    """As the readers of a worker that died come to another: grpc alone refuses over a thousand."""
    plenty = StreamSettings(streams_per_principal=CROWD, opens_per_minute=CROWD)
    async with served(LocalBus(), Settings(stream=plenty)) as deck:
        stub = deck.stub()
        calls = [stub.Watch(WANTED, metadata=bearer("ada")) for _ in range(CROWD)]
        first = await asyncio.wait_for(asyncio.gather(*(call.read() for call in calls)), 60)
        for call in calls:
            call.cancel()
    assert all(one.controls[0].HasField("session_opened") for one in first)
