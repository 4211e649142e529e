"""What a stream of a test says before it ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from tests.unit.sdk.deck import Script

from quarterdeck.api.stream.v1.stream_service_pb2 import WatchRequest, WatchResponse


def script(*answers: WatchResponse, status: Any = None, hang: bool = False) -> Script:
    """Answer so, then end with the status, go silent, or simply end."""

    async def play(request: WatchRequest, context: Any) -> AsyncIterator[WatchResponse]:
        for one in answers:
            yield one
        if status is not None:
            await context.abort_with_status(status)
        if hang:
            await asyncio.Event().wait()

    return play
