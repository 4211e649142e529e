"""The handlers of a server, each wrapped by the guard and found by the path of its rpc."""

from collections.abc import Iterable

import grpc

from quarterdeck_server.runtime.guard import Guard, Handler


class Handlers(grpc.GenericRpcHandler):
    """All that a server serves, wrapped when it is called for the first time."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sources: list[grpc.GenericRpcHandler] = []
        self._known: dict[str, Handler] = {}

    def add(self, sources: Iterable[grpc.GenericRpcHandler]) -> None:
        """Serve the rpcs of some handlers."""
        self._sources += sources

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Return the handler of an rpc; nothing for an unknown one."""
        path = handler_call_details.method
        known = self._known.get(path)
        if known is None:
            found = (source.service(handler_call_details) for source in self._sources)
            handler = next((one for one in found if one is not None), None)
            if handler is not None:
                known = self._known[path] = self._guard.guarded(path, handler)
        return known
