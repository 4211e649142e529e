"""The instruments in memory: what every other part of the area looks them up in."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from quarterdeck_server.marketdata.domain.instrument import Instrument, unknown_instrument
from quarterdeck_server.marketdata.ports import InstrumentStore


class Instruments:
    """Every instrument, kept in step with the store."""

    def __init__(self, store: InstrumentStore) -> None:
        self._store = store
        self._known: dict[str, tuple[int, Instrument]] = {}
        self.on_change: Callable[[], None] = lambda: None

    async def load(self) -> None:
        """Read them all."""
        self._known = await self._store.all()

    def find(self, instrument: str, field: str = "instrument") -> Instrument:
        """Return an instrument. Raises InstrumentNotFound, naming ``field``."""
        known = self._known.get(instrument)
        if known is None:
            raise unknown_instrument(instrument, field)
        return known[1]

    def knows(self, instrument: str) -> bool:
        """Tell whether an instrument was described."""
        return instrument in self._known

    def number(self, instrument: str) -> int:
        """Return the number under which the tables know an instrument."""
        return self._known[instrument][0]

    def after(self, instrument: str, limit: int) -> list[Instrument]:
        """Return the instruments that follow an identifier, in their order."""
        names = sorted(name for name in self._known if name > instrument)
        return [self._known[name][1] for name in names[:limit]]

    def calendars(self) -> dict[str, str]:
        """Return the trading calendar of each instrument that has one."""
        return {
            name: known.trading_calendar
            for name, (_, known) in self._known.items()
            if known.trading_calendar
        }

    async def search(self, text: str, limit: int) -> list[Instrument]:
        """Return what contains the text, best match first."""
        names = await self._store.search(text, limit)
        return [self._known[name][1] for name in names if name in self._known]

    async def put(self, instrument: Instrument) -> Instrument:
        """Create or replace an instrument."""
        known = await self._store.put(instrument)
        self._known[instrument.instrument] = known
        self.on_change()
        return known[1]

    async def ensure(self, proposed: Instrument) -> Instrument:
        """Return the instrument, made as proposed if nobody described it before.

        What derives its prices marks it so, and it gets a sector if nobody told it one.
        """
        found = self._known.get(proposed.instrument)
        if found is None:
            return await self.put(proposed)
        known = found[1]
        derived = known.synthetic_microstructure or proposed.synthetic_microstructure
        sector = proposed.sector if known.sector is None else known.sector
        wanted = replace(known, synthetic_microstructure=derived, sector=sector)
        return known if wanted == known else await self.put(wanted)

    def other_sectors(self, sectors: Mapping[str, str]) -> dict[str, str]:
        """Return which of these sectors of known instruments are not those that they have."""
        known = self._known
        return {name: one for name, one in sectors.items() if known[name][1].sector != one}

    async def put_sectors(self, sectors: Mapping[str, str]) -> int:
        """Set the sectors of known instruments, and return how many had another one."""
        changed = self.other_sectors(sectors)
        if changed:
            self._known |= await self._store.put_sectors(changed)
        return len(changed)

    def numbers(self) -> Mapping[str, int]:
        """Return the numbers of all instruments."""
        return {name: number for name, (number, _) in self._known.items()}
