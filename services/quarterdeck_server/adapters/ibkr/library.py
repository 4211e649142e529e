"""The client library, whichever is installed. The one place that knows there are two."""

import importlib
import importlib.util
import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, Protocol

import structlog

from quarterdeck_server.adapters.ibkr import metrics
from quarterdeck_server.kernel.errors import NotPossibleNow

log = structlog.get_logger()

# Both bring a package `eventkit`, so only one works at a time: the maintained one is asked first.
NAMES = ("ib_async", "ib_insync")
MISSING = "the package ib_async or ib_insync"


class Client(Protocol):
    """What both libraries' clients have: the wire, its frames and its pace of 45 messages a second.

    Their higher classes are not used: they keep orders and accounts that nobody asked for, write
    them to the log, answer failed requests with nothing, and differ from each other.
    """

    conn: Any
    apiError: Any  # noqa: N815 - the library's name

    def isReady(self) -> bool:  # noqa: N802 - the library's name
        """Tell whether requests can be made."""
        ...

    def getReqId(self) -> int:  # noqa: N802 - the library's name
        """Return a number for the next request."""
        ...

    def getAccounts(self) -> list[str]:  # noqa: N802 - the library's name
        """Return the accounts of the user."""
        ...

    async def connectAsync(  # noqa: N802 - the library's name
        self,
        host: str,
        port: int,
        clientId: int,  # noqa: N803 - the library's name
        timeout: float,  # noqa: ASYNC109 - it has its own
    ) -> None:
        """Connect."""
        ...

    def disconnect(self) -> None:
        """Disconnect."""
        ...

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Return the sender of a request."""
        ...


@dataclass(frozen=True, slots=True)
class Library:
    """What is used of a library."""

    name: str
    version: str
    client: Callable[[object], Client]
    contract: Callable[..., Any]
    execution_filter: Callable[..., Any]
    loop: Any
    """How it finds the event loop."""

    def adopt_loop(self) -> None:
        """Let it use the loop that runs: one library remembers the first it saw for ever."""
        forget = getattr(self.loop, "cache_clear", None)
        if forget is not None:
            forget()


def installed() -> str:
    """Return the name of the library that would be loaded; empty if there is none."""
    return next((name for name in NAMES if importlib.util.find_spec(name) is not None), "")


@cache
def load() -> Library:
    """Import the library. The thread must have an event loop: one of them asks for it.

    Raises NotPossibleNow if there is none.
    """
    name = installed()
    if not name:
        raise NotPossibleNow("marketdata.ibkr", f"{MISSING} is not installed")
    module = importlib.import_module(name)
    _listen_to_the_log(name)
    return Library(
        name=name,
        version=module.__version__,
        client=module.client.Client,
        contract=module.Contract,
        execution_filter=module.ExecutionFilter,
        loop=module.util.getLoop,
    )


class _Complaints(logging.Handler):
    """Counts what a library could not read. Its own words may hold account numbers."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info is None or record.exc_info[0] is None:
            return
        metrics.MALFORMED.inc()
        log.warning("ibkr_message_malformed", logger=record.name, error=record.exc_info[0].__name__)


def _listen_to_the_log(name: str) -> None:
    for each in (name, "eventkit"):
        logger = logging.getLogger(each)
        logger.handlers = [_Complaints(logging.ERROR)]
        logger.setLevel(logging.ERROR)
        logger.propagate = False
