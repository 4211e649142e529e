"""Measured values on the wire."""

from quarterdeck.api.system.v1 import metric_pb2
from quarterdeck.api.system.v1 import metric_service_pb2 as pb
from quarterdeck_server.system.domain.metric import Metric

DEFAULT_INTERVAL_S = 5.0


def metric_to(metric: Metric) -> metric_pb2.Metric:
    """Write a value."""
    return metric_pb2.Metric(metric=metric.metric, labels=metric.labels, value=metric.value)


def interval_from(request: pb.WatchMetricSnapshotRequest) -> float:
    """Read how often to measure, in seconds."""
    if not request.HasField("interval"):
        return DEFAULT_INTERVAL_S
    return request.interval.ToNanoseconds() / 1e9
