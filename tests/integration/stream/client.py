"""A small client that keeps to the contract: checks continuity, remembers cursors."""

import asyncio
from contextlib import suppress
from typing import Any, Self

import grpc
from tests.integration.stream.served import Served, bearer
from tests.unit.stream.deck import Seen

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck.api.stream.v1 import subscription_pb2

DEADLINE_S = 10.0


def subscription(topic: str, **fields: Any) -> subscription_pb2.Subscription:
    return subscription_pb2.Subscription(topic=topic, **fields)


class Client:
    """Reads a stream into a ``Seen`` until told to stop."""

    def __init__(self, deck: Served, *topics: str, token: str = "ada", seen: Seen | None = None):  # noqa: S107 - a name
        self.deck, self.token = deck, token
        self.seen = seen or Seen()
        self.session = ""
        self.error: Any = None
        self.last_error: Any = None
        self.call: Any = None
        self._topics = topics
        self._task: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def request(self) -> pb.WatchRequest:
        wanted = [subscription(topic) for topic in self._topics]
        for cursor in self.seen.cursors().values():
            for one in wanted:
                if cursor.topic == one.topic or cursor.topic.startswith(one.topic.rstrip("*")):
                    one.cursors.add(
                        topic=cursor.topic, epoch=cursor.epoch, sequence=cursor.sequence
                    )
        request = pb.WatchRequest(subscriptions=wanted)
        request.heartbeat_interval.FromSeconds(1)
        return request

    async def open(self) -> None:
        self.session = ""
        self._task = asyncio.create_task(self._read())
        await self.until(lambda: self.session or self.error is not None)

    async def close(self) -> None:
        if self.call is not None:
            self.call.cancel()
        if self._task is not None:
            with suppress(asyncio.CancelledError):
                await self._task

    async def until(self, condition: Any) -> None:
        """Return once the condition holds."""
        async with asyncio.timeout(DEADLINE_S):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def ended(self) -> Any:
        await self.until(lambda: self.error is not None)
        return self.error

    async def _read(self) -> None:
        self.error = None
        self.call = self.deck.stub().Watch(self.request(), metadata=bearer(self.token))
        try:
            async for response in self.call:
                self._take(response)
        except grpc.aio.AioRpcError as error:
            self.error = error
        self._changed.set()

    def _take(self, response: pb.WatchResponse) -> None:
        for control in response.controls:
            if control.HasField("session_opened"):
                self.session = control.session_opened.session_id
            if control.HasField("error"):
                self.last_error = control.error
        self.seen.take(response.SerializeToString())
        self._changed.set()
