"""What the system area needs from the outside."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from quarterdeck_server.system.domain.component import Part
from quarterdeck_server.system.domain.metric import Metric


class CheckFailed(Exception):
    """What was checked does not answer as it should; the message says how."""


class Check(Protocol):
    """Asks something whether it is well."""

    async def __call__(self) -> None:
        """Return if it is. Raises CheckFailed."""
        ...


class Supervisor(Protocol):
    """Tells which parts it runs."""

    def __call__(self) -> Sequence[Part]:
        """Return the parts; none if nobody supervises."""
        ...


class Memory(Protocol):
    """Measures processes."""

    def __call__(self, pids: Collection[int]) -> Mapping[int, int]:
        """Return the bytes of each process with its descendants, as far as they can be known."""
        ...


class MetricSource(Protocol):
    """A server process that can be measured."""

    async def read(self, prefix: str) -> Sequence[Metric]:
        """Return the values whose names begin with the prefix."""
        ...
