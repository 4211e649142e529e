"""Interactive Brokers as a source: connects, publishes, reads bars of the past."""

from collections.abc import AsyncIterator, Sequence

import structlog

from quarterdeck_server.adapters.ibkr import library
from quarterdeck_server.adapters.ibkr.contracts import PROVENANCE
from quarterdeck_server.adapters.ibkr.feed import IbkrFeed
from quarterdeck_server.adapters.ibkr.finding import find_all
from quarterdeck_server.adapters.ibkr.history import HistoricalBars, setting_of
from quarterdeck_server.adapters.ibkr.session import Session
from quarterdeck_server.adapters.ibkr.stream import OFFERED, TRADES, Known, Stream, wanted
from quarterdeck_server.adapters.ibkr.subscriptions import Subscriptions
from quarterdeck_server.adapters.ibkr.tapes import BAR_INTERVAL
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.backfill import BarPage, BarRange
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.source import LiveOptions, Quota
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import IbkrSettings

log = structlog.get_logger()


class IbkrSource:
    """Reads what a user of Interactive Brokers may see. It never sends an order."""

    name = "sources/ibkr"
    display_name = "Interactive Brokers"
    provenance = PROVENANCE

    def __init__(self, settings: IbkrSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock
        self._halted: set[str] = set()
        self._options: LiveOptions | None = None
        self._last: IbkrFeed | None = None
        self._history = HistoricalBars(settings, clock, self.name)

    @property
    def missing_setting(self) -> str:
        """What is missing before it can be used: an address, or a library."""
        if not self._settings.host:
            return "QUARTERDECK_MARKETDATA__IBKR__HOST"
        return "" if library.installed() else library.MISSING

    def quotas(self) -> Sequence[Quota]:
        """Return how many requests for the past are left."""
        return [self._history.pacing.quota()]

    async def connect(self, options: LiveOptions) -> IbkrFeed:
        """Connect, find every instrument and subscribe it."""
        if options.bar_interval not in {"", BAR_INTERVAL}:
            problem = f"must be {BAR_INTERVAL} or empty, was {options.bar_interval}"
            raise InvalidField("live.bar_interval", problem)
        session = Session(self._settings, self._settings.client_id, self._clock)
        await session.open()
        try:
            self._last = await self._open(session, options)
        except BaseException:
            session.close()
            raise
        self._options = options
        return self._last

    async def _open(self, session: Session, options: LiveOptions) -> IbkrFeed:
        is_again = self._last is not None and self._last.has_failed and options == self._options
        instruments, settings, clock = options.instruments, self._settings, self._clock
        found = await find_all(session, instruments, settings, is_again=is_again)
        streams = self._streams(found, options)
        subscriptions = Subscriptions(session, streams, self.name, clock)
        await subscriptions.open(is_again=is_again)
        return IbkrFeed(session, subscriptions, streams, settings, clock)

    def check_bars(self, instrument: Instrument, interval: str) -> None:
        """Raise NotOffered if it never has such bars."""
        setting_of(instrument.instrument, interval)

    def bar_pages(self, wanted: BarRange, after: str) -> AsyncIterator[BarPage]:
        """Read a range in pages, newest first."""
        return self._history.pages(wanted, after)

    def _streams(self, found: Sequence[Known], options: LiveOptions) -> list[Stream]:
        streams: list[Stream] = []
        for known in found:
            kinds = wanted(options) & OFFERED[known.instrument.instrument_class]
            if not kinds:
                kind = known.instrument.instrument_class.name.lower().replace("_", " ")
                problem = f"is of the class {kind}, which has none of what is asked for"
                raise InvalidField(f"live.instruments[{known.place}]", problem)
            one_by_one = sum(stream.is_tick_by_tick for stream in streams)
            is_tick_by_tick = TRADES in kinds and one_by_one < self._settings.tick_by_tick
            depth, now_ns = options.book_depth, self._clock.now_ns()
            streams.append(Stream(known, kinds, depth, is_tick_by_tick, now_ns, self._halted))
        return streams
