"""Who halted which instrument: it stays halted until the same one opens it again."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from quarterdeck_server.kernel.errors import NotPossibleNow
from quarterdeck_server.marketdata.domain.publication import Entry
from quarterdeck_server.marketdata.domain.status import Status, TradingPhase


class HaltStore(Protocol):
    """Keeps the halts over a restart."""

    async def all(self) -> Iterable[tuple[Status, str]]:
        """Return each halt with who ordered it."""
        ...

    async def put(self, status: Status, origin: str) -> None:
        """Keep a halt."""
        ...

    async def drop(self, instrument: str, origin: str) -> None:
        """Forget a halt."""
        ...


class Halts:
    """The halts that hold now."""

    def __init__(self, store: HaltStore) -> None:
        self._store = store
        self._halts: defaultdict[str, dict[str, Status]] = defaultdict(dict)

    async def load(self) -> None:
        """Read what held before."""
        for status, origin in await self._store.all():
            self._halts[status.instrument][origin] = status

    def all(self) -> list[Status]:
        """Return one halt of each halted instrument."""
        return [next(iter(halts.values())) for halts in self._halts.values() if halts]

    def is_halted(self, instrument: str) -> bool:
        """Tell whether anybody halted an instrument."""
        return bool(self._halts.get(instrument))

    def check(self, entries: Sequence[Entry], origin: str) -> None:
        """Refuse to say that an instrument is not halted while somebody else halts it."""
        for entry in entries:
            if isinstance(entry.batch, Status) and entry.batch.phase is not TradingPhase.HALTED:
                self._refuse_other(entry.batch, origin, entry.field)

    async def note(self, entries: Sequence[Entry], origin: str) -> list[str]:
        """Keep what is about to be told; return the instruments that are halted no more."""
        lifted = []
        for entry in entries:
            status = entry.batch
            if isinstance(status, Status) and await self._note(status, origin):
                lifted.append(status.instrument)
        return lifted

    async def _note(self, status: Status, origin: str) -> bool:
        halts = self._halts[status.instrument]
        if status.phase is TradingPhase.HALTED:
            halts[origin] = status
            await self._store.put(status, origin)
        elif halts.pop(origin, None) is not None:
            await self._store.drop(status.instrument, origin)
            return True
        return False

    def _refuse_other(self, status: Status, origin: str, field: str) -> None:
        others = sorted(self._halts.get(status.instrument, {}).keys() - {origin})
        if others:
            raise NotPossibleNow(
                status.instrument,
                f"{status.instrument} is halted by {others[0]}, which alone can open it again",
                field=f"{field}.phase",
                halted_by=others[0],
            )
