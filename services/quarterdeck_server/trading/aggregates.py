"""Aggregates: curves and activity by minute, hour and trading day, and how long they are kept."""

import asyncio
from datetime import timedelta

import structlog

from quarterdeck_server.kernel.day import DayRoll
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading import metrics
from quarterdeck_server.trading.store import activity, rollup

log = structlog.get_logger()

PRUNING_PAUSE_S = 3_600.0
FOLD_EVERY_S = 1.0


class Aggregates:
    """Keeps what is folded as the settings say."""

    def __init__(
        self, postgres: Postgres, roll: DayRoll, keep_points: timedelta, keep_minutes: timedelta
    ) -> None:
        self.roll = roll
        self._postgres = postgres
        self._keep_points, self._keep_minutes = keep_points, keep_minutes

    async def keep_days(self) -> None:
        """Make days end as the settings say; before anything is folded."""
        zone, at = self.roll.zone.key, self.roll.at
        if await rollup.keep_days(self._postgres, zone, at):
            log.info("days_folded_anew", zone=zone, at=at.isoformat())

    async def fold(self) -> None:
        """Fold the activity that was noted, for ever."""
        while True:
            await activity.fold(self._postgres)
            await asyncio.sleep(FOLD_EVERY_S)

    async def run(self) -> None:
        """Drop what is past its retention, for ever."""
        while True:
            await self.drop_old()
            await asyncio.sleep(PRUNING_PAUSE_S)

    async def drop_old(self) -> None:
        """Drop what is past its retention."""
        parts = await rollup.drop_old(self._postgres, self._keep_points, self._keep_minutes)
        if parts:
            metrics.DROPPED.inc(parts)
            log.info("points_dropped", parts=parts)
