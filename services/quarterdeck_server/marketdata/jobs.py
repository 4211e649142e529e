"""Work beside the calls: keeping history in order."""

import asyncio
from datetime import timedelta

from quarterdeck_server.marketdata.store.hole import measure_holes
from quarterdeck_server.marketdata.store.rollup import drop_old_rollups
from quarterdeck_server.runtime.postgres import Postgres

MAINTENANCE_PAUSE_S = 60.0
PRUNING_PAUSE_S = 3_600.0


async def set_retention(postgres: Postgres, keep: timedelta) -> None:
    """Tell the database how long ticks are kept."""
    for table in ("quote", "trade"):
        await postgres.execute(
            "SELECT series.set_retention($1::text::regclass, $2)", f"marketdata.{table}", keep
        )


async def maintain(postgres: Postgres) -> None:
    """Make partitions ahead of time and drop those past their retention, for ever."""
    while True:
        await postgres.execute("CALL series.maintain()")
        await measure_holes(postgres)
        await asyncio.sleep(MAINTENANCE_PAUSE_S)


async def prune(postgres: Postgres, keep_minutes: timedelta) -> None:
    """Drop bars of a minute past their retention, for ever."""
    while True:
        await drop_old_rollups(postgres, keep_minutes)
        await asyncio.sleep(PRUNING_PAUSE_S)
