"""How a source is put on: recorded data are played, a vendor is connected to."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol

from quarterdeck_server.kernel.errors import InvalidField, NotPossibleNow
from quarterdeck_server.marketdata.domain.instrument import Instrument
from quarterdeck_server.marketdata.domain.source import (
    LiveOptions,
    ReplayOptions,
    SourceRecord,
    SourceState,
    resumes,
    start_of,
)
from quarterdeck_server.marketdata.importing import import_bars
from quarterdeck_server.marketdata.ingest import Ingest
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.outlet import Outlet
from quarterdeck_server.marketdata.player import Player
from quarterdeck_server.marketdata.ports import HistoryStore, SourceStore
from quarterdeck_server.marketdata.source_ports import (
    Feed,
    LiveFeed,
    LiveSource,
    ReplayFeed,
    ReplaySource,
    Source,
)
from quarterdeck_server.runtime.shared import Shared

type Options = ReplayOptions | LiveOptions


@dataclass(frozen=True, slots=True)
class Stage:
    """What sources work with."""

    store: SourceStore
    instruments: Instruments
    history: HistoryStore
    ingest: Ingest
    outlet: Outlet


class Opened(Protocol):
    """A source that is open, on its way to publish."""

    @property
    def record(self) -> SourceRecord:
        """The source as it stands once it plays."""
        ...

    async def prepare(self, owner: str) -> str:
        """Do what comes before the first row; return the job that does some of it."""
        ...

    async def perform(self, player: Player) -> None:
        """Publish until it ends or fails."""
        ...

    async def close(self) -> None:
        """Let go of what was opened."""
        ...


async def opened(
    source: Source, last: SourceRecord, asked: Options | None, stage: Stage, shared: Shared
) -> Opened:
    """Open a source as asked, or as the last time; raises what is in the way."""
    if source.missing_setting:
        raise NotPossibleNow(source.name, f"it needs a setting first: {source.missing_setting}")
    if isinstance(source, ReplaySource):
        return await _Replay.open(source, last, _replay_options(source, last, asked), stage, shared)
    if isinstance(source, LiveSource):
        return await _Live.open(source, last, _live_options(last, asked), stage, shared)
    raise NotPossibleNow(source.name, "it does not publish by itself; it can be backfilled")


def asked_for(record: SourceRecord) -> Options | None:
    """Return how a source was started last."""
    return record.replay or record.live


class _Replay:
    """Recorded data, read and checked."""

    def __init__(
        self,
        source: ReplaySource,
        last: SourceRecord,
        record: SourceRecord,
        feed: ReplayFeed,
        stage: Stage,
        shared: Shared,
    ) -> None:
        self._source, self._last, self.record = source, last, record
        self._feed, self._stage, self._shared = feed, stage, shared

    @classmethod
    async def open(
        cls,
        source: ReplaySource,
        last: SourceRecord,
        options: ReplayOptions,
        stage: Stage,
        shared: Shared,
    ) -> "_Replay":
        """Read the whole data."""
        feed = await source.open(options)
        first_ns, end_ns = feed.span
        record = replace(
            _begun(last, feed, shared.clock.now_ns()),
            replay=options,
            first_time_ns=first_ns,
            event_time_ns=last.event_time_ns if resumes(options, last) else None,
            end_time_ns=end_ns,
        )
        return cls(source, last, record, feed, stage, shared)

    async def prepare(self, owner: str) -> str:
        """Import what lies before the start; a clock that was set back makes no row late."""
        if self.record.event_time_ns is not None:
            return ""
        await _ensure(self._stage, self._feed)
        self._stage.ingest.forget_times(self.record.instruments)
        bars = [part for part in self._feed.bars_until(self._after(self.record)) if len(part)]
        if not bars:
            return ""
        work = partial(import_bars, self._stage.history, bars)
        return await self._shared.jobs.start("bar_import", self.record.name, owner, work)

    async def perform(self, player: Player) -> None:
        """Publish what comes after the last row published."""
        instruments = await _ensure(self._stage, self._feed)
        await self._stage.store.adjust(self._feed.adjustments)
        player.note_running()
        await self._feed.run(player, instruments, self._after(player.record))

    async def close(self) -> None:
        """Let go of nothing: the data are in memory."""

    def _after(self, record: SourceRecord) -> int:
        """Return the event time after which the feed goes on."""
        if record.event_time_ns is not None or record.replay is None:
            return record.event_time_ns or 0
        return start_of(record.replay, record, self._source.default_start_ns, self._feed.span)


class _Live:
    """A vendor, connected."""

    def __init__(self, record: SourceRecord, feed: LiveFeed, stage: Stage) -> None:
        self.record, self._feed, self._stage = record, feed, stage

    @classmethod
    async def open(
        cls,
        source: LiveSource,
        last: SourceRecord,
        options: LiveOptions,
        stage: Stage,
        shared: Shared,
    ) -> "_Live":
        """Connect and find the instruments."""
        feed = await source.connect(options)
        record = replace(_begun(last, feed, shared.clock.now_ns()), live=options)
        return cls(record, feed, stage)

    async def prepare(self, owner: str) -> str:  # noqa: ARG002 - there is no job to own
        """Make the instruments known; a vendor has no past to import."""
        await _ensure(self._stage, self._feed)
        return ""

    async def perform(self, player: Player) -> None:
        """Publish until the connection ends."""
        instruments = await _ensure(self._stage, self._feed)
        player.note_running()
        await self._feed.run(player, instruments)

    async def close(self) -> None:
        """Disconnect."""
        await self._feed.close()


def _begun(last: SourceRecord, feed: Feed, now_ns: int) -> SourceRecord:
    return replace(
        last,
        state=SourceState.RUNNING,
        failure="",
        instruments=tuple(each.instrument for each in feed.instruments),
        published_rows=0,
        start_time_ns=now_ns,
    )


async def _ensure(stage: Stage, feed: Feed) -> Mapping[str, Instrument]:
    return {each.instrument: await stage.instruments.ensure(each) for each in feed.instruments}


def _replay_options(
    source: ReplaySource, last: SourceRecord, asked: Options | None
) -> ReplayOptions:
    """Return what was asked, else the options of the last time, from where it stopped."""
    if isinstance(asked, LiveOptions):
        raise InvalidField("live", f"is not for {source.name}, which plays recorded data")
    if asked is not None:
        return asked
    return replace(last.replay, start_time_ns=None) if last.replay else source.default_options


def _live_options(last: SourceRecord, asked: Options | None) -> LiveOptions:
    """Return what was asked, else what was read the last time."""
    if isinstance(asked, ReplayOptions):
        raise InvalidField("replay", f"is not for {last.name}, which has no recorded data")
    options = asked or last.live
    if options is None:
        raise InvalidField("live", "must say what to read when a source is started first")
    return options
