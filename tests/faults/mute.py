"""Readers that speak the contract by hand, so that they can stop to read."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import grpc
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status
from tests.system.deck import Deck

from quarterdeck._status import error_from
from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck.api.stream.v1.control_pb2 import Control
from quarterdeck.api.stream.v1.event_pb2 import Event
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub
from quarterdeck.api.stream.v1.subscription_pb2 import Subscription
from quarterdeck.errors import QuarterdeckError


@dataclass(slots=True)
class Mute:
    """An open stream that nobody reads until it is told to."""

    call: "grpc.aio.UnaryStreamCall[pb.WatchRequest, pb.WatchResponse]"
    events: list[Event] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)

    async def read(self) -> bool:
        """Take one message; tell whether there was one."""
        response = await self.call.read()
        if response is grpc.aio.EOF:
            return False
        assert isinstance(response, pb.WatchResponse)
        self.events += response.events
        self.controls += response.controls
        return True

    async def refusal(self) -> QuarterdeckError | None:
        """Take one message, or return why there is none."""
        try:
            await self.read()
        except grpc.aio.AioRpcError as error:
            return error_from(error)
        return None

    async def reason(self) -> str:
        """Read to the end, and return why the stream ended."""
        try:
            while await self.read():
                pass
        except grpc.aio.AioRpcError as error:
            return reason(error)
        return ""


@contextlib.asynccontextmanager
async def mute(deck: Deck, token: str, wanted: Sequence[Subscription]) -> AsyncIterator[Mute]:
    """Open a stream through the edge on a connection of its own."""
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    async with grpc.aio.insecure_channel(deck.address, options=options) as channel:
        request = pb.WatchRequest(subscriptions=wanted)
        metadata = (("authorization", f"Bearer {token}"),)
        call = StreamServiceStub(channel).Watch(request, metadata=metadata)
        yield Mute(call)
        call.cancel()


def reason(error: grpc.aio.AioRpcError) -> str:
    """Return why a call failed, as the contract names it."""
    status, info = rpc_status.from_call(error), ErrorInfo()
    found = [detail for detail in status.details if detail.Unpack(info)] if status else []
    return info.reason if found else f"{error.code().name}: {error.details()}"
