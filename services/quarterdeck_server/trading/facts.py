"""Instrument facts: asked for once, stored with the log, so that replaying it needs nobody else."""

import asyncio
from collections.abc import Iterable

from quarterdeck_server.kernel.errors import InstrumentNotFound, InvalidField, QuarterdeckError
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.errors import FieldInstrumentNotFound
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill
from quarterdeck_server.trading.portfolio import Instrument, Split
from quarterdeck_server.trading.ports import InstrumentSource
from quarterdeck_server.trading.store import load


class Facts:
    """Makes sure that the desk knows what events name."""

    def __init__(self, postgres: Postgres, source: InstrumentSource, desk: Desk) -> None:
        self._postgres, self._source, self._desk = postgres, source, desk
        self._unconvertible: set[tuple[str, str]] = set()
        self._lock = asyncio.Lock()

    async def ensure(self, events: Iterable[Event]) -> None:
        """Learn the instruments of events; fails with the field of an unknown one."""
        for event in events:
            name = event.instrument
            if name is None:
                continue
            if not self._desk.knows(name):
                await self._learn(name, event.instrument_field)
            if isinstance(event.body, Fill):
                self._check_price(event.path, event.body)
            if isinstance(event.body, Split):
                self._check_kind(event.instrument_field, event.body)

    async def ensure_rates(self, account: str, currencies: Iterable[str]) -> None:
        """Learn the pairs that convert an account's currencies, as far as there are any."""
        base = self._desk.bases.get(account)
        for currency in set(currencies) - {base, ""}:
            if base is None or (currency, base) in self._unconvertible:
                continue
            if self._desk.average.rate(currency, base) is None:
                await self._learn_pairs(currency, base)

    async def refresh(self) -> None:
        """Learn what other recorders stored."""
        for instrument in await load.facts(self._postgres):
            if not self._desk.knows(instrument.id):
                self._desk.add_instrument(instrument)

    async def _learn(self, name: str, field: str) -> None:
        async with self._lock:
            if self._desk.knows(name):
                return
            try:
                await self._store(await self._source.instrument(name))
            except InstrumentNotFound as error:
                raise FieldInstrumentNotFound(field, name) from error

    async def _learn_pairs(self, currency: str, base: str) -> None:
        # Asked for once a run: a rate that is missing shows as missing, and holds nothing up.
        self._unconvertible.add((currency, base))
        try:
            pairs = await self._source.pairs(currency, base)
        except QuarterdeckError:
            self._unconvertible.discard((currency, base))
            return
        async with self._lock:
            for pair in pairs:
                if not self._desk.knows(pair.id):
                    await self._store(pair)

    async def _store(self, instrument: Instrument) -> None:
        await load.add_fact(self._postgres, instrument)
        await self.refresh()

    def _check_kind(self, field: str, split: Split) -> None:
        if self._desk.average.instrument(split.instrument).is_inverse:
            raise InvalidField(field, "must not be an inverse contract")

    def _check_price(self, path: str, fill: Fill) -> None:
        instrument = self._desk.average.instrument(fill.instrument)
        instrument.checked_price(f"{path}.fill.price", fill.price)
