"""Estimates and metrics to messages."""

from quarterdeck.api.analytics.v1 import estimate_pb2 as pb
from quarterdeck_server.quant.definitions import DEFINITIONS
from quarterdeck_server.quant.estimate import Estimate
from quarterdeck_server.quant.metric_set import Metrics


def estimate_to(estimate: Estimate) -> pb.Estimate:
    """Write a number, or why there is none."""
    return pb.Estimate(
        value=estimate.value,
        count=estimate.count,
        state=pb.EstimateState.Value(f"ESTIMATE_STATE_{estimate.state.name}"),
        needed=estimate.needed,
    )


def metrics_to(metrics: Metrics) -> list[pb.Metric]:
    """Write metrics with what they mean, in the order of their definitions."""
    return [_metric_to(name, metrics[name]) for name in DEFINITIONS if name in metrics]


def _metric_to(name: str, estimate: Estimate) -> pb.Metric:
    definition = DEFINITIONS[name]
    return pb.Metric(
        name=name,
        estimate=estimate_to(estimate),
        title=definition.title,
        unit=pb.MetricUnit.Value(f"METRIC_UNIT_{definition.unit.name}"),
        formula=definition.formula,
        source=definition.source,
    )
