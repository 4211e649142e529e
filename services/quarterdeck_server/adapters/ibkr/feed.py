"""A live connection on its way to a publisher."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog

from quarterdeck_server.adapters.ibkr import metrics
from quarterdeck_server.adapters.ibkr.contracts import differences
from quarterdeck_server.adapters.ibkr.session import Session
from quarterdeck_server.adapters.ibkr.sieve import sieve
from quarterdeck_server.adapters.ibkr.stream import Stream
from quarterdeck_server.adapters.ibkr.subscriptions import Subscriptions
from quarterdeck_server.kernel.time import NS
from quarterdeck_server.kernel.topics import kind
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.publication import Publishable
from quarterdeck_server.marketdata.source_ports import Publisher
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import IbkrSettings

log = structlog.get_logger()

# What arrives within this time is published together.
GATHER_S = 0.005
# How often what was refused is asked for again; trades one by one may be every 15 seconds.
ASK_AGAIN_S = 60.0
# How far the vendor's clock may be ahead of ours.
AHEAD_NS = 60 * NS


class IbkrFeed:
    """Subscriptions that were accepted; what they say is kept until ``run`` publishes it."""

    def __init__(
        self,
        session: Session,
        subscriptions: Subscriptions,
        streams: Sequence[Stream],
        settings: IbkrSettings,
        clock: Clock,
    ) -> None:
        self._session, self._subscriptions, self._streams = session, subscriptions, streams
        self._settings, self._clock = settings, clock
        self.has_failed = False

    @property
    def instruments(self) -> Sequence[Instrument]:
        """What it publishes, as Interactive Brokers describes them."""
        return [stream.known.instrument for stream in self._streams]

    async def run(self, publisher: Publisher, instruments: Mapping[str, Instrument]) -> None:
        """Publish until cancelled; raise why it cannot go on."""
        self._warn_of_others(instruments)
        work = (
            self._publish_for_ever(publisher, instruments),
            self._session.watch(),
            self._session.ended(),
            self._watch_connectivity(),
            self._ask_again_for_ever(),
        )
        tasks = [asyncio.create_task(each) for each in work]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        except Exception:
            self.has_failed = True
            raise
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        """Disconnect."""
        self._session.close()

    def _warn_of_others(self, instruments: Mapping[str, Instrument]) -> None:
        for told in self.instruments:
            fields = differences(instruments[told.instrument], told)
            if fields:
                log.warning("ibkr_instrument_differs", instrument=told.instrument, fields=fields)

    async def _publish_for_ever(
        self, publisher: Publisher, instruments: Mapping[str, Instrument]
    ) -> None:
        while True:
            await self._subscriptions.news.wait()
            await asyncio.sleep(GATHER_S)
            batches = [
                piece
                for stream in self._subscriptions.take()
                for piece in self._taken(stream, instruments[stream.name])
            ]
            if batches:
                await publisher.publish(batches)

    def _taken(self, stream: Stream, instrument: Instrument) -> list[Publishable]:
        now_ns = self._clock.now_ns()
        pieces: list[Publishable] = []
        for batch in stream.take(instrument, now_ns):
            clean = sieve(batch, instrument, now_ns + AHEAD_NS)
            withheld = len(batch) - sum(map(len, clean))
            if withheld:
                metrics.WITHHELD.labels(kind(batch.topic)).inc(withheld)
                log.warning("ibkr_rows_withheld", topic=batch.topic, count=withheld)
                # Changes that are missing void the book they would have been applied to.
                stream.book.distrust()
            pieces += clean
        return pieces

    async def _ask_again_for_ever(self) -> None:
        while True:
            await asyncio.sleep(ASK_AGAIN_S)
            self._subscriptions.ask_again()

    async def _watch_connectivity(self) -> None:
        patience_s = self._settings.outage_patience.total_seconds()
        while True:
            await asyncio.sleep(patience_s / 10)
            self._subscriptions.check_connectivity(patience_s)
