"""Components on the wire."""

from quarterdeck.api.system.v1 import component_pb2
from quarterdeck_server.runtime.convert import timestamp_to
from quarterdeck_server.system.domain.component import Component

STATE = "COMPONENT_STATE_"


def component_to(component: Component) -> component_pb2.Component:
    """Write a component."""
    return component_pb2.Component(
        name=component.name,
        state=component_pb2.ComponentState.Value(STATE + component.state),
        failure=component.failure,
        pid=component.pid,
        restarts=component.restarts,
        since=timestamp_to(component.since_ns),
        memory_bytes=component.memory_bytes,
        check_ms=component.check_ms,
    )
