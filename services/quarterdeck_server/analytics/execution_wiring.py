"""Assembles the measuring of executions."""

from quarterdeck.api.analytics.v1 import execution_service_pb2_grpc
from quarterdeck_server.analytics.execution_peers import OrderPeer, TickPeer
from quarterdeck_server.analytics.executions import Executions
from quarterdeck_server.analytics.live_quality import Changes
from quarterdeck_server.analytics.servicers.execution import ExecutionServicer
from quarterdeck_server.runtime.encoded import register
from quarterdeck_server.runtime.service import Service
from quarterdeck_server.runtime.shared import Shared
from quarterdeck_server.runtime.streaming import Streaming

NAME = "quarterdeck.api.analytics.v1.ExecutionService"


def execution_service(shared: Shared, changes: Changes) -> Service:
    """Return the service of execution quality."""
    peers = shared.peers
    executions = Executions(OrderPeer(peers), TickPeer(peers), shared.compute)
    servicer = ExecutionServicer(executions, changes, Streaming(shared.live), shared.clock)
    add = execution_service_pb2_grpc.add_ExecutionServiceServicer_to_server
    return Service(NAME, register(add, servicer, frozenset({"WatchQuality"})))
