"""Every rpc answers a good request."""

import asyncio
from collections.abc import AsyncIterator

import grpc
import pytest
from google.protobuf.message import Message
from tests.contract.conftest import Deck
from tests.examples import INSTRUMENT, OPEN_STREAM, RPCS, STEPS, Session
from tests.protocols import Fields, Grpc
from tests.rpcs import Rpc

pytestmark = pytest.mark.asyncio(loop_scope="session")


class Counting:
    """Plain gRPC that remembers which rpcs were called."""

    def __init__(self, address: str) -> None:
        self._grpc = Grpc(address)
        self.called: set[str] = set()

    def call(self, rpc: Rpc, fields: Fields, token: str = "") -> Fields:
        self.called.add(rpc.name)
        return self._grpc.call(rpc, fields, token)


async def test_every_rpc_answers(deck: Deck) -> None:
    counting = Counting(deck.address)
    session = Session(counting, deck.tokens["ADMIN"])

    def run() -> None:
        for step in STEPS:
            step(session)

    await asyncio.to_thread(run)
    assert counting.called | OPEN_STREAM == RPCS.keys()


async def last_answer(answers: AsyncIterator[Message]) -> Message | None:
    """Read a stream to its end and return the last thing it said."""
    last = None
    try:
        async for answer in answers:
            last = answer
    except grpc.aio.AioRpcError:
        return last
    return last


async def test_a_live_stream_can_be_changed_seen_and_closed(deck: Deck) -> None:
    protocol, token = Grpc(deck.address), deck.tokens["ADMIN"]
    watch = RPCS["StreamService/Watch"]
    codecs = watch.request.SerializeToString, watch.response.FromString
    request = watch.request(subscriptions=[{"topic": f"quotes/{INSTRUMENT}"}])
    stream = deck.channel.unary_stream(watch.path, *codecs)(request, metadata=deck.metadata())
    answers = aiter(stream)
    first = await anext(answers)
    session = first.controls[0].session_opened.session_id

    def call(name: str, fields: Fields) -> Fields:
        return protocol.call(RPCS[name], fields, token)

    added = {"sessionId": session, "add": [{"topic": "notices/*"}]}
    updated = await asyncio.to_thread(call, "StreamService/UpdateSubscription", added)
    assert set(updated["topics"]) == {f"quotes/{INSTRUMENT}", "notices/*"}
    name = {"name": f"connections/{session}"}
    seen = await asyncio.to_thread(call, "ConnectionService/GetConnection", name)
    assert seen["connection"]["subscriptionCount"] == 2
    await asyncio.to_thread(call, "ConnectionService/CloseConnection", {**name, "note": "enough"})
    last = await last_answer(answers)
    assert await stream.code() is grpc.StatusCode.UNAVAILABLE
    assert last.controls[-1].WhichOneof("message") == "error"
    assert last.controls[-1].error.message.endswith("enough")
