"""What the system area measures."""

from prometheus_client import Gauge

COMPONENT_HEALTHY = Gauge(
    "quarterdeck_system_component_healthy", "Whether a component is well.", ["component"]
)
