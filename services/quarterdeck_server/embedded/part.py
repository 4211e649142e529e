"""One program of the suite, as data: how it starts, when it is ready, how it stops."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from signal import SIGKILL, SIGTERM, Signals

from quarterdeck_server.embedded.identity import Identity

type Probe = Callable[[], Awaitable[bool]]
type Step = Callable[[], Awaitable[None]]


async def always() -> bool:
    """Answer that a part without a probe is ready as soon as it runs."""
    return True


async def nothing() -> None:
    """Prepare nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A program that the supervisor keeps running, or runs to its end."""

    name: str
    argv: tuple[str, ...]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    """The whole environment of the program; nothing is inherited."""
    folder: Path = Path("/")
    identity: Identity | None = None
    """Whom it runs as; absent: as the supervisor."""
    needs: tuple[str, ...] = ()
    """Parts that are ready, or ended well, before this one starts."""
    prepare: Step = nothing
    """What is done before each start."""
    ready: Probe = always
    """Whether it answers; asked until it does, then from time to time."""
    runs_once: bool = False
    """Whether it is done when it ends with 0, instead of being started again."""
    may_end: bool = False
    """Whether ending with 0 after it was ready means that somebody told it to, and it stays so."""
    essential: bool = True
    """Whether the suite does not start without it."""
    attempts: int = 3
    """How often it may fail before the suite's first start fails."""
    start_timeout: timedelta = timedelta(seconds=60)
    stop_signals: tuple[Signals, ...] = (SIGTERM, SIGKILL)
    """What asks it to end, in order of force."""
    patience: timedelta = timedelta(seconds=10)
    """How long each of these signals is given."""
    death_signal: Signals = SIGTERM
    """What it receives when the supervisor itself is gone."""
