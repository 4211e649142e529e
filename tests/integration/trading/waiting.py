"""Waiting for what must become true, with a deadline."""

import asyncio
from collections.abc import Awaitable, Callable

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo
from grpc_status import rpc_status

PATIENCE_S = 10


async def until[T](claim: Callable[[], Awaitable[T]]) -> T:
    """Return what a claim answers as soon as it is true."""
    async with asyncio.timeout(PATIENCE_S):
        while not (answer := await claim()):  # noqa: ASYNC110 - no event tells
            await asyncio.sleep(0.01)
        return answer


async def refusal(call: Awaitable[object]) -> tuple[grpc.StatusCode, ErrorInfo]:
    """Return how a call was refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    status = rpc_status.from_call(caught.value)
    assert status is not None, caught.value
    info = ErrorInfo()
    assert any(detail.Unpack(info) for detail in status.details), status
    return caught.value.code(), info
