"""What a reference case is."""

from collections.abc import Callable
from typing import Any

from quarterdeck_server.quant.estimate import Estimate

type Case = dict[str, Any]
type Ours = Callable[[Case], Any]


def known(estimate: Estimate) -> float:
    """Return the value of an estimate that must have one."""
    assert estimate.value is not None, estimate
    return estimate.value
