"""The sources: which there are, starting and stopping them, and going on after a restart."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextvars import Context
from dataclasses import dataclass, replace
from typing import Any

import structlog

from quarterdeck_server.kernel.errors import NotFound, NotPossibleNow, QuarterdeckError, Unavailable
from quarterdeck_server.kernel.topics import topic
from quarterdeck_server.marketdata.acts import Opened, Options, Stage, asked_for, opened
from quarterdeck_server.marketdata.domain.source import (
    ReplayOptions,
    SourceCapability,
    SourceRecord,
    SourceReport,
    SourceState,
)
from quarterdeck_server.marketdata.mapping.source import end_notice
from quarterdeck_server.marketdata.outlet import Parcel
from quarterdeck_server.marketdata.player import Player
from quarterdeck_server.marketdata.source_news import SourceNews
from quarterdeck_server.marketdata.source_ports import (
    BarBackfill,
    FilingBackfill,
    LiveSource,
    ReplaySource,
    SeriesBackfill,
    Source,
)
from quarterdeck_server.runtime.shared import Shared

log = structlog.get_logger()

SAVE_PAUSE_S = 1.0
END_S = 5.0
SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Started:
    """A source that was started, and the job that imports what lies before."""

    report: SourceReport
    import_job: str = ""


class Sources:
    """Every source by name. What should run is kept, and runs again after a restart."""

    def __init__(self, sources: Sequence[Source], stage: Stage, shared: Shared) -> None:
        self._sources, self._stage, self._shared = sources, stage, shared
        self._players: dict[str, Player] = {}
        self._saved: dict[str, SourceRecord] = {}
        self._news = SourceNews(stage.outlet)
        self._turns: set[asyncio.Task[Any]] = set()

    async def open(self) -> None:
        """Read what was and let go on what ran."""
        for source in sorted(self._sources, key=lambda source: source.name):
            known = await self._stage.store.get(source.name)
            player = self._player_of(source, known)
            self._players[source.name] = player
            self._news.note(_report(player))
            if player.record.is_wanted:
                self._launch(player)
            elif known is None and isinstance(source, ReplaySource) and source.autostart:
                await self._autostart(player, source)
        start = self._shared.background.start
        start("marketdata-sources-saved", self._save_for_ever)
        start("marketdata-sources-announced", self._news.publish_for_ever)

    async def close(self) -> None:
        """Halt all; those that ran are remembered as running."""
        await self._end_turns()
        for player in self._players.values():
            await player.halt()
        try:
            await self._save()
        except Unavailable as error:
            log.warning("sources_not_saved", error=str(error))

    def all(self) -> list[SourceReport]:
        """Return every source by name."""
        return [_report(player) for player in self._players.values()]

    def get(self, name: str) -> SourceReport:
        """Return a source. Raises NotFound."""
        return _report(self._find(name))

    def adapter(self, name: str) -> Source:
        """Return what speaks with the vendor. Raises NotFound."""
        return self._find(name).source

    def replay_defaults(self, name: str) -> ReplayOptions:
        """Return how a source replays where nobody says. Raises NotFound."""
        source = self._find(name).source
        return source.default_options if isinstance(source, ReplaySource) else ReplayOptions()

    async def start(self, name: str, options: Options | None, owner: str) -> Started:
        """Read the data of a source and start it; the same start twice changes nothing.

        A caller that gives up leaves it wholly started, or not at all.
        """
        return await self._whole(self._start(self._find(name), options, owner))

    async def stop(self, name: str) -> SourceReport:
        """Stop a source and remember that it shall not run."""
        return await self._whole(self._stop(self._find(name)))

    async def _end_turns(self) -> None:
        """Let starts and stops that are under way come to their end, but not for long."""
        if self._turns:
            _, late = await asyncio.wait(self._turns, timeout=END_S)
            for turn in late:
                turn.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _whole[T](self, turn: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(turn)
        self._turns.add(task)
        task.add_done_callback(self._turns.discard)
        return await asyncio.shield(task)

    async def _start(self, player: Player, options: Options | None, owner: str) -> Started:
        async with player.turn:
            if player.is_playing:
                _refuse_other(player.record, options)
                return Started(_report(player))
            act = await opened(player.source, player.record, options, self._stage, self._shared)
            return await self._begin(player, act, owner)

    async def _begin(self, player: Player, act: Opened, owner: str) -> Started:
        before, player.record = player.record, act.record
        try:
            await self._save()
            job = await act.prepare(owner)
        except BaseException:
            player.record = before
            await act.close()
            raise
        self._launch(player, act)
        return Started(_report(player), job)

    async def _stop(self, player: Player) -> SourceReport:
        async with player.turn:
            await player.halt()
            if player.record.is_wanted:
                player.record = replace(player.record, state=SourceState.STOPPED, failure="")
            await self._save()
            return _report(player)

    def _launch(self, player: Player, act: Opened | None = None) -> None:
        ready = [act] if act else []

        async def perform() -> None:
            now = ready.pop() if ready else await self._reopened(player)
            try:
                await now.perform(player)
            finally:
                await now.close()

        async def play() -> None:
            await player.play(perform)
            await self._save()
            await self._announce_end(player.record)

        async def clear() -> None:
            while ready:
                await ready.pop().close()

        # In a context of its own: the call that starts a source ends long before it does.
        start = self._shared.background.start
        player.adopt(Context().run(start, f"marketdata-{player.record.name}", play), clear)

    async def _reopened(self, player: Player) -> Opened:
        """Open a source again as it was started, to go on where it was."""
        record = player.record
        return await opened(player.source, record, asked_for(record), self._stage, self._shared)

    async def _announce_end(self, record: SourceRecord) -> None:
        parcel = Parcel(topic("notices", record.name), 1, end_notice(record))
        await self._stage.outlet.send([parcel])

    async def _autostart(self, player: Player, source: ReplaySource) -> None:
        try:
            await self.start(source.name, None, SYSTEM)
        except QuarterdeckError as error:
            log.warning("source_not_started", source=source.name, error=str(error))
            options = source.default_options
            player.record = replace(
                player.record, state=SourceState.FAILED, failure=str(error), replay=options
            )
            self._launch(player)

    async def _save_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SAVE_PAUSE_S)
            for player in self._players.values():
                self._news.note(_report(player))
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
        player = Player(source, named, self._stage.ingest, self._shared.clock)
        player.on_change = lambda: self._news.note(_report(player))
        return player

    def _find(self, name: str) -> Player:
        player = self._players.get(name)
        if player is None:
            raise NotFound("source", name)
        return player


def capabilities(source: Source) -> tuple[SourceCapability, ...]:
    """Return what a source can do."""
    abilities = {
        SourceCapability.PUBLISH: isinstance(source, ReplaySource | LiveSource),
        SourceCapability.BACKFILL_BARS: isinstance(source, BarBackfill),
        SourceCapability.BACKFILL_SERIES: isinstance(source, SeriesBackfill),
        SourceCapability.BACKFILL_FILINGS: isinstance(source, FilingBackfill),
    }
    return tuple(ability for ability, has in abilities.items() if has)


def _report(player: Player) -> SourceReport:
    source = player.source
    return SourceReport(
        player.record, capabilities(source), tuple(source.quotas()), source.missing_setting
    )


def _refuse_other(record: SourceRecord, options: Options | None) -> None:
    if options is not None and options != asked_for(record):
        raise NotPossibleNow(record.name, "it is running with other options: stop it first")
