"""A service ready to be served."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

type Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its full name, and how to add it to a server."""

    name: str
    register: Callable[[grpc.aio.Server], None]
