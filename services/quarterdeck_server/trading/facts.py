"""Instrument facts: asked for once, stored with the log, so that replaying it needs nobody else."""

import asyncio
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from quarterdeck_server.kernel.errors import InstrumentNotFound, InvalidField, QuarterdeckError
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.desk import Desk
from quarterdeck_server.trading.domain.amendment import Correction
from quarterdeck_server.trading.domain.batch import Batch
from quarterdeck_server.trading.domain.errors import FieldInstrumentNotFound
from quarterdeck_server.trading.domain.event import Event
from quarterdeck_server.trading.domain.fill import Fill
from quarterdeck_server.trading.portfolio import Instrument, Split
from quarterdeck_server.trading.ports import InstrumentSource
from quarterdeck_server.trading.store import load

MOST_AT_ONCE = 32
"""Instruments that are asked for at the same time."""


class Facts:
    """Makes sure that the desk knows what events name."""

    def __init__(self, postgres: Postgres, source: InstrumentSource, desk: Desk) -> None:
        self._postgres, self._source, self._desk = postgres, source, desk
        self._unconvertible: set[tuple[str, str]] = set()
        self._lock = asyncio.Lock()
        self._turn = asyncio.Semaphore(MOST_AT_ONCE)

    async def ensure(self, events: Sequence[Event]) -> None:
        """Learn the instruments of events; fails with the field of an unknown one."""
        unknown = await self.learn(events)
        for event in events:
            if event.instrument in unknown:
                raise FieldInstrumentNotFound(event.instrument_field, event.instrument)
            self.check(event)

    async def learn(self, events: Iterable[Event]) -> frozenset[str]:
        """Learn the instruments of events, all together, and return those that nobody knows."""
        wanted = {event.instrument: None for event in events if event.instrument}
        if all(map(self._desk.knows, wanted)):
            return frozenset()
        async with self._lock:
            names = [name for name in wanted if not self._desk.knows(name)]
            found = await asyncio.gather(*map(self._asked, names))
            await self._store([one for one in found if one is not None])
        return frozenset(name for name in names if not self._desk.knows(name))

    def check(self, event: Event) -> None:
        """Refuse what an event says of an instrument that cannot be, naming the field."""
        match event.body:
            case Fill():
                self._check_price(f"{event.path}.fill.price", event.instrument, event.body.price)
            case Correction():
                field = f"{event.path}.fill_correction.price"
                self._check_price(field, event.instrument, event.body.terms.price)
            case Split():
                self._check_kind(event.instrument_field, event.body)

    async def ensure_rates(self, account: str, currencies: Iterable[str]) -> None:
        """Learn the pairs that convert an account's currencies, as far as there are any.

        Without an account they are converted for the firm.
        """
        base = self._desk.base_of(account)
        for currency in set(currencies) - {base, ""}:
            if not base or (currency, base) in self._unconvertible:
                continue
            if self._desk.average.rate(currency, base) is None:
                await self._learn_pairs(currency, base)

    async def ensure_rates_of(self, account: str, currencies: Collection[str]) -> None:
        """Learn the pairs for an account and for the firm."""
        await self.ensure_rates(account, currencies)
        await self.ensure_rates("", {*currencies, self._desk.base_of(account)})

    async def find_rates(self, batch: Batch) -> None:
        """Learn the pairs that convert what a batch moved."""
        needed: dict[str, set[str]] = {}
        for fill, _ in batch.new_fills:
            settled = self._desk.average.instrument(fill.instrument).currency
            needed.setdefault(fill.account, set()).update((settled, fill.fee_currency))
        for account, currency in batch.paid_in():
            needed.setdefault(account, set()).add(currency)
        for account, currencies in needed.items():
            await self.ensure_rates_of(account, currencies)

    async def refresh(self) -> None:
        """Learn what other recorders stored."""
        for instrument in await load.facts(self._postgres):
            if not self._desk.knows(instrument.id):
                self._desk.add_instrument(instrument)

    async def _asked(self, name: str) -> Instrument | None:
        async with self._turn:
            try:
                return await self._source.instrument(name)
            except InstrumentNotFound:
                return None

    async def _learn_pairs(self, currency: str, base: str) -> None:
        # Asked for once a run: a rate that is missing shows as missing, and holds nothing up.
        self._unconvertible.add((currency, base))
        try:
            pairs = await self._source.pairs(currency, base)
        except QuarterdeckError:
            self._unconvertible.discard((currency, base))
            return
        async with self._lock:
            await self._store([pair for pair in pairs if not self._desk.knows(pair.id)])

    async def _store(self, instruments: Sequence[Instrument]) -> None:
        if not instruments:
            return
        # Another recorder may have been first: what is stored is what holds.
        for stored in await load.add_facts(self._postgres, instruments):
            if not self._desk.knows(stored.id):
                self._desk.add_instrument(stored)

    def _check_kind(self, field: str, split: Split) -> None:
        if self._desk.average.instrument(split.instrument).is_inverse:
            raise InvalidField(field, "must not be an inverse contract")

    def _check_price(self, field: str, name: str | None, price: Decimal) -> None:
        self._desk.average.instrument(str(name)).checked_price(field, price)
