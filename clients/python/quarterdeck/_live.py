"""Answers of live performance, each with what its metrics mean, which is said once."""

from dataclasses import dataclass, field

from quarterdeck.api.analytics.v1 import performance_pb2
from quarterdeck.api.analytics.v1.estimate_pb2 import Metric
from quarterdeck.api.analytics.v1.performance_service_pb2 import ComputePerformanceResponse
from quarterdeck.performance import Performance, performance


@dataclass(slots=True)
class Definitions:
    """What metrics mean, as the first answer said."""

    known: dict[str, Metric] = field(default_factory=dict)

    def read(self, message: performance_pb2.Performance) -> Performance:
        """Read an answer, and complete its metrics."""
        for metric in message.metrics:
            if metric.formula:
                self.known[metric.name] = metric
            elif defined := self.known.get(metric.name):
                metric.title, metric.formula = defined.title, defined.formula
                metric.source = defined.source
        return performance(ComputePerformanceResponse(performance=message))
