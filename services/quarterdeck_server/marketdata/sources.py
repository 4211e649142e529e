"""The sources: which there are, starting and stopping them, and going on after a restart."""

import asyncio
from collections.abc import Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from functools import partial

import structlog

from quarterdeck_server.kernel.errors import NotFound, NotPossibleNow, QuarterdeckError, Unavailable
from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.domain.source import (
    ReplayOptions,
    SourceRecord,
    SourceState,
    resumes,
    start_of,
)
from quarterdeck_server.marketdata.importing import import_bars
from quarterdeck_server.marketdata.ingest import Ingest
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.mapping.source import end_notice
from quarterdeck_server.marketdata.outlet import Outlet, Parcel
from quarterdeck_server.marketdata.player import Player
from quarterdeck_server.marketdata.ports import Feed, HistoryStore, Publisher, Source, SourceStore
from quarterdeck_server.runtime.shared import Shared

log = structlog.get_logger()

SAVE_PAUSE_S = 1.0
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Started:
    """A source that was started, and the job that imports what lies before."""

    record: SourceRecord
    import_job: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What sources work with."""

    store: SourceStore
    instruments: Instruments
    history: HistoryStore
    ingest: Ingest
    outlet: Outlet


class Sources:
    """Every source by name. What should run is kept, and runs again after a restart."""

    def __init__(self, sources: Sequence[Source], stage: Stage, shared: Shared) -> None:
        self._sources, self._stage, self._shared = sources, stage, shared
        self._players: dict[str, Player] = {}
        self._saved: dict[str, SourceRecord] = {}

    async def open(self) -> None:
        """Read what was and let go on what ran."""
        for source in sorted(self._sources, key=lambda source: source.name):
            known = await self._stage.store.get(source.name)
            player = self._player_of(source, known)
            self._players[source.name] = player
            if player.record.is_wanted:
                self._launch(player)
            elif known is None and source.autostart:
                await self._autostart(source.name)
        self._shared.background.start("marketdata-sources-saved", self._save_for_ever)

    async def close(self) -> None:
        """Halt all; those that ran are remembered as running."""
        for player in self._players.values():
            await player.halt()
        try:
            await self._save()
        except Unavailable as error:
            log.warning("sources_not_saved", error=str(error))

    def all(self) -> list[SourceRecord]:
        """Return every source by name."""
        return [player.record for player in self._players.values()]

    def get(self, name: str) -> SourceRecord:
        """Return a source. Raises NotFound."""
        return self._find(name).record

    async def start(self, name: str, options: ReplayOptions | None, owner: str) -> Started:
        """Read the data of a source and start it; the same start twice changes nothing."""
        player = self._find(name)
        async with player.turn:
            if player.is_playing:
                _refuse_other(player.record, options)
                return Started(player.record)
            wanted = options or _as_last_time(player)
            feed = await player.source.open(wanted)
            return await self._begin(player, feed, wanted, owner)

    async def stop(self, name: str) -> SourceRecord:
        """Stop a source and remember that it shall not run."""
        player = self._find(name)
        async with player.turn:
            await player.halt()
            if player.record.is_wanted:
                player.record = replace(player.record, state=SourceState.STOPPED, failure="")
            await self._save()
            return player.record

    async def _begin(
        self, player: Player, feed: Feed, options: ReplayOptions | None, owner: str
    ) -> Started:
        last, now_ns = player.record, self._shared.clock.now_ns()
        goes_on = options is not None and resumes(options, last)
        first_ns, end_ns = feed.span or (None, None)
        player.record = replace(
            last,
            state=SourceState.RUNNING,
            failure="",
            instruments=tuple(each.instrument for each in feed.instruments),
            replay=options,
            first_time_ns=first_ns,
            event_time_ns=last.event_time_ns if goes_on else None,
            end_time_ns=end_ns,
            published_rows=0,
            start_time_ns=now_ns,
        )
        await self._save()
        job = "" if goes_on else await self._import(player, feed, owner)
        self._launch(player, feed)
        return Started(player.record, job)

    async def _import(self, player: Player, feed: Feed, owner: str) -> str:
        """Import what lies before the start; a clock that was set back makes no row late."""
        for proposed in feed.instruments:
            await self._stage.instruments.ensure(proposed)
        self._stage.ingest.forget_times(player.record.instruments)
        bars = [part for part in feed.bars_until(_after(player, feed)) if len(part)]
        if not bars:
            return ""
        work = partial(import_bars, self._stage.history, bars)
        return await self._shared.jobs.start("bar_import", player.record.name, owner, work)

    def _launch(self, player: Player, feed: Feed | None = None) -> None:
        async def perform(publisher: Publisher) -> None:
            data = feed or await player.source.open(player.record.replay)
            await self._perform(player, data, publisher)

        async def play() -> None:
            await player.play(perform)
            await self._save()
            await self._announce_end(player.record)

        # In a context of its own: the call that starts a source ends long before it does.
        start = self._shared.background.start
        player.adopt(Context().run(start, f"marketdata-{player.record.name}", play))

    async def _perform(self, player: Player, feed: Feed, publisher: Publisher) -> None:
        instruments = {
            each.instrument: await self._stage.instruments.ensure(each) for each in feed.instruments
        }
        await self._stage.store.adjust(feed.adjustments)
        player.note_running()
        await feed.run(publisher, instruments, _after(player, feed))

    async def _announce_end(self, record: SourceRecord) -> None:
        parcel = Parcel(topic("notices", record.name), 1, end_notice(record))
        await self._stage.outlet.send([parcel])

    async def _autostart(self, name: str) -> None:
        try:
            await self.start(name, None, SYSTEM)
        except QuarterdeckError as error:
            log.warning("source_not_started", source=name, error=str(error))
            player = self._find(name)
            options = player.source.default_options
            player.record = replace(
                player.record, state=SourceState.FAILED, failure=str(error), replay=options
            )
            self._launch(player)

    async def _save_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SAVE_PAUSE_S)
            await self._save()

    async def _save(self) -> None:
        """Store the records that changed."""
        for name, player in self._players.items():
            record = player.record
            if self._saved.get(name) != record:
                await self._stage.store.put(record)
                self._saved[name] = record

    def _player_of(self, source: Source, known: SourceRecord | None) -> Player:
        record = known or SourceRecord(source.name, "", "")
        if known is not None:
            self._saved[source.name] = known
        named = replace(record, display_name=source.display_name, provenance=source.provenance)
        return Player(source, named, self._stage.ingest, self._shared.clock)

    def _find(self, name: str) -> Player:
        player = self._players.get(name)
        if player is None:
            raise NotFound("source", name)
        return player


def _refuse_other(record: SourceRecord, options: ReplayOptions | None) -> None:
    if options is not None and options != record.replay:
        raise NotPossibleNow(record.name, "it is running with other options: stop it first")


def _as_last_time(player: Player) -> ReplayOptions | None:
    """Return the options of the last time, from where it stopped."""
    last = player.record.replay
    return replace(last, start_time_ns=None) if last else player.source.default_options


def _after(player: Player, feed: Feed) -> int:
    """Return the event time after which the feed goes on."""
    record = player.record
    if record.event_time_ns is not None:
        return record.event_time_ns
    if record.replay is None or feed.span is None:
        return 0
    return start_of(record.replay, record, player.source.default_start_ns, feed.span)
