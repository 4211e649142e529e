"""Recorded market data as items: like a watch, but it ends, and it is not opened again."""

from collections.abc import AsyncIterator

import grpc

from quarterdeck._async.channel import AsyncChannel
from quarterdeck._async.reading import AsyncReader
from quarterdeck._async.services.stream import REPLAY
from quarterdeck._inbox import items_of
from quarterdeck._plan import SILENT_HEARTBEATS
from quarterdeck._status import error_from
from quarterdeck.api.stream.v1.stream_service_pb2 import ReplayRequest, ReplayResponse
from quarterdeck.errors import Unavailable
from quarterdeck.events import Item


async def replayed(channel: AsyncChannel, request: ReplayRequest) -> AsyncIterator[Item]:
    """Yield what is played; raises Unavailable after two heartbeats without a sign of life."""
    token = await channel.tokens.access_token()
    call = channel.open(channel.connect(), REPLAY, request, token)
    reader = AsyncReader(call, ReplayResponse)
    silence = channel.timeout
    try:
        while (answer := await reader.read(silence)) is not None:
            silence = _silence(answer) or silence
            for item in items_of(answer):
                yield item
    except grpc.RpcError as raised:
        raise error_from(raised) from None
    except TimeoutError:
        raise Unavailable(f"nothing came for {silence:g} s") from None
    finally:
        reader.cancel()


def _silence(answer: ReplayResponse) -> float:
    """Return how long the replay may be silent, if the answer says so."""
    opened = (one.session_opened for one in answer.controls if one.HasField("session_opened"))
    intervals = (one.heartbeat_interval.ToTimedelta().total_seconds() for one in opened)
    return SILENT_HEARTBEATS * next(intervals, 0.0)
