"""Measured values, under the names they have in Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass

PROCESS = "process"


@dataclass(frozen=True, slots=True)
class Metric:
    """One sample."""

    metric: str
    labels: Mapping[str, str]
    value: float


def up(process: str, *, is_up: bool) -> Metric:
    """Tell whether a process let itself be measured, by the name Prometheus has for it."""
    return Metric("up", {PROCESS: process}, float(is_up))
