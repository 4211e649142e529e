"""Calls from one stream worker to another: for streams that are not served here.

A call is passed on with the caller's own token, so the worker that answers verifies who calls and
decides by itself what is allowed; its refusals are passed back as they are.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import grpc

from quarterdeck.api.stream.v1 import connection_service_pb2 as pb
from quarterdeck.api.stream.v1 import connection_service_pb2_grpc as rpc
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.call import CALL
from quarterdeck_server.runtime.caller import current
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.stream import metrics
from quarterdeck_server.stream.directory import Directory, Worker

HERE_ONLY = "x-quarterdeck-here-only"
"""Marks calls that are not passed on again."""
TIMEOUT_S = 2.0
COUNT_TIMEOUT_S = 0.5
DETAILS = "grpc-status-details-bin"
MOST_CONNECTIONS = 1_000

type Rpc = Callable[[grpc.aio.Channel], Any]


class WorkerSilent(Unavailable):
    """Another stream worker does not answer."""

    def __init__(self, worker: Worker, cause: BaseException) -> None:
        text = f"the stream worker {worker.name} does not answer"
        super().__init__(text, dependency="stream", worker=worker.name)
        self.__cause__ = cause


class Others:
    """The other workers, as far as calls need them."""

    def __init__(self, directory: Directory, peers: Peers) -> None:
        self.directory = directory
        self._peers = peers

    def owner_of(self, session: str, context: Context) -> Worker | None:
        """Return the other worker that may serve a session, by the name that begins with it."""
        name, _, _ = session.rpartition(".")
        return None if is_here_only(context) else self.directory.find(name)

    async def pass_on(self, worker: Worker, ask: Rpc, request: object, context: Context) -> Any:
        """Let another worker answer a call; its refusal becomes that of the call."""
        try:
            return await self._ask(worker, ask, request, TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            if not _is_answer(error):
                raise WorkerSilent(worker, error) from error
            await _refuse(error, context)

    async def ask_all(self, ask: Rpc, request: object, context: Context) -> Sequence[Any]:
        """Return the answers of all others. Raises WorkerSilent: a part is not the whole."""
        if is_here_only(context):
            return []
        tasks = [self.pass_on(one, ask, request, context) for one in self.directory.others()]
        return await asyncio.gather(*tasks)

    async def streams_of_caller(self, room: int) -> int:
        """Return how many streams the caller has elsewhere.

        What the others said last is enough unless it leaves no room: then they are asked. Who
        does not answer is taken for dead, and its streams for ended.
        """
        principal = current().principal
        if self.directory.streams_of(principal) < room:
            return self.directory.streams_of(principal)
        busy = [one for one in self.directory.others() if one.census.principals.get(principal)]
        return sum(await asyncio.gather(*(self._count(one, principal) for one in busy)))

    async def _count(self, worker: Worker, principal: str) -> int:
        request = pb.ListConnectionsRequest(principal=principal, page_size=MOST_CONNECTIONS)
        try:
            answer = await self._ask(worker, list_connections, request, COUNT_TIMEOUT_S)
        except grpc.aio.AioRpcError:
            return 0
        return len(answer.connections)

    async def _ask(self, worker: Worker, ask: Rpc, request: object, timeout_s: float) -> Any:
        call = CALL.get()
        metadata = (
            ("authorization", f"Bearer {current().token}"),
            ("x-request-id", call.request_id if call else ""),
            (HERE_ONLY, "1"),
        )
        metrics.PASSED_ON.inc()
        channel = self._peers.to(worker.address)
        return await ask(channel)(request, metadata=metadata, timeout=timeout_s)


def list_connections(channel: grpc.aio.Channel) -> Any:
    """Name the rpc that lists connections."""
    return rpc.ConnectionServiceStub(channel).ListConnections


def is_here_only(context: Context) -> bool:
    """Tell whether a call comes from another worker, which wants to know of this one alone."""
    return any(name == HERE_ONLY for name, _ in context.invocation_metadata() or ())


def _is_answer(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether the other worker itself refused, rather than that it was not reached."""
    return any(name == DETAILS for name, _ in error.trailing_metadata() or ())


async def _refuse(error: grpc.aio.AioRpcError, context: Context) -> NoReturn:
    details = tuple((name, value) for name, value in error.trailing_metadata() if name == DETAILS)
    await context.abort(error.code(), error.details() or "", details)
