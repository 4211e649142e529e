"""A source that goes silent is told to people as well, once."""

import asyncio
import itertools
from datetime import timedelta

from tests.integration.stream.client import DEADLINE_S, Client, subscription
from tests.integration.stream.served import bearer, notice, served

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck.api.stream.v1.notice_pb2 import NOTICE_SEVERITY_INFO, NOTICE_SEVERITY_WARNING
from quarterdeck_server.runtime.bus import LocalBus
from quarterdeck_server.settings import Settings, StreamSettings

QUOTES = "quotes/AAPL.XNAS"
SOON = timedelta(seconds=0.5)
AT_ONCE = timedelta(0)
STALE_SOON = Settings(stream=StreamSettings(stale_after={"quotes": SOON}, alert_pause=AT_ONCE))


async def test_a_silent_source_is_a_warning_and_its_return_an_information():
    async with served(LocalBus(), STALE_SOON) as deck, Client(deck, QUOTES) as reader:
        wanted = [subscription("notices/staleness")]
        call = deck.stub().Watch(pb.WatchRequest(subscriptions=wanted), metadata=bearer("eve"))
        await call.read()
        await deck.bus.publish([notice(QUOTES, 1)])
        warning = await next_event(call)
        await reader.until(lambda: "stale" in reader.seen.controls)
        assert warning.notices.severity == NOTICE_SEVERITY_WARNING
        assert warning.notices.text.startswith(f"{QUOTES} is silent for")
        ticking = asyncio.create_task(tick(deck))
        information = await next_event(call)
        ticking.cancel()
        await reader.until(lambda: "recovered" in reader.seen.controls)
        assert information.notices.severity == NOTICE_SEVERITY_INFO
        assert information.notices.text == f"{QUOTES} has events again"
        call.cancel()


async def tick(deck):
    for sequence in itertools.count(2):
        await deck.bus.publish([notice(QUOTES, sequence)])
        await asyncio.sleep(0.1)


async def next_event(call):
    async with asyncio.timeout(DEADLINE_S):
        while not (answer := await call.read()).events:
            pass  # a heartbeat
    return answer.events[0]
