"""Equity curves: their points, which are folded into rollups as they are stored."""

from collections.abc import Iterable, Sequence

from quarterdeck_server.kernel.day import DAY_NS
from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading.domain.equity import EquityPoint
from quarterdeck_server.trading.store import rollup

PART_NS = 28 * DAY_NS
_KEY = ("account", "strategy", "event_time_ns")
_TYPES = {
    "account": "text",
    "strategy": "text",
    "event_time_ns": "bigint",
    "publish_time_ns": "bigint",
    "equity": "double precision",
    "realised_profit": "double precision",
    "unrealised_profit": "double precision",
    "fees": "double precision",
    "income": "double precision",
    "log_position": "bigint",
    "gross_exposure": "double precision",
}
_COLUMNS = ", ".join(_TYPES)
_CHANGED = ", ".join(name for name in _TYPES if name not in _KEY)
_POINTS = f"""
SELECT * FROM unnest({", ".join(f"${n}::{kind}[]" for n, kind in enumerate(_TYPES.values(), 1))})
  AS point ({_COLUMNS})"""  # noqa: S608 - constants
# One writer of an account's curves at a time: whether a point is new must stay true to the commit.
_LOCK = """
SELECT pg_advisory_xact_lock(hashtextextended('trading.curve/' || account, 0))
FROM (SELECT DISTINCT account FROM unnest($1::text[]) AS account ORDER BY account) AS wanted"""
_MAKE_ROOM = """
SELECT series.ensure_range('trading.equity_point', at, at)
FROM (SELECT DISTINCT date_trunc('day', to_timestamp(ns / 1000000000), 'UTC') AS at
      FROM unnest($1::bigint[]) AS ns) AS days"""
_SHOWN = """
SELECT account, last_time_ns FROM trading.account CROSS JOIN LATERAL (
  SELECT last_time_ns FROM trading.equity_rollup
  WHERE equity_rollup.account = account.account AND strategy = '' AND seconds = 86400
  ORDER BY start_ns DESC LIMIT 1) AS day"""
_KNOWN = """
SELECT account, strategy, event_time_ns FROM trading.equity_point
WHERE (account, strategy, event_time_ns) IN
  (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]))"""
_UPSERT = f"""
INSERT INTO trading.equity_point AS known ({_COLUMNS}) {_POINTS}
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE SET
  ({_CHANGED}) = ({", ".join(f"excluded.{name}" for name in _CHANGED.split(", "))})
WHERE known.log_position <= excluded.log_position"""
_MERGE = rollup.merging(_POINTS)


async def save_points(postgres: Postgres, points: Sequence[EquityPoint]) -> None:
    """Store points; the newest of a moment of the market replaces an earlier one.

    Unless that knows more of the log: another process was further, or the past was told anew.
    """
    async with postgres.transaction() as connection:
        await lock(connection, (point.account for point in points))
        await connection.execute(_MAKE_ROOM, [point.event_time_ns for point in points])
        known = await _known(connection, points)
        await connection.execute(_UPSERT, *_columns(points))
        if fresh := [point for point in points if _key(point) not in known]:
            rollup.counted(await connection.execute(_MERGE, *_columns(fresh)))
        for (account, strategy), within in _spans(known).items():
            await rollup.refold(connection, account, strategy, within)


async def lock(connection: Connection, accounts: Iterable[str]) -> None:
    """Keep other writers of accounts' curves out until the commit; before any point is written."""
    await connection.execute(_LOCK, list(accounts))


async def shown(postgres: Postgres) -> dict[str, int]:
    """Return the time of the last point of each account that has one."""
    return {row["account"]: row["last_time_ns"] for row in await postgres.fetch(_SHOWN)}


async def restated(connection: Connection, account: str, strategy: str, from_ns: int) -> None:
    """Follow points of a curve that were changed, from a time on, in the same transaction.

    ``lock`` comes before the change.
    """
    newest = await connection.fetchval(
        "SELECT max(last_time_ns) FROM trading.equity_rollup "
        "WHERE account = $1 AND strategy = $2 AND seconds = 86400",
        account,
        strategy,
    )
    if newest is None:
        return
    # Part by part: no statement may take longer than any other may.
    for start_ns in range(from_ns, newest + 1, PART_NS):
        within = (start_ns, min(start_ns + PART_NS, newest + 1))
        await rollup.refold(connection, account, strategy, within)


async def _known(
    connection: Connection, points: Sequence[EquityPoint]
) -> set[tuple[str, str, int]]:
    rows = await connection.fetch(_KNOWN, *zip(*map(_key, points), strict=True))
    return {(account, strategy, time_ns) for account, strategy, time_ns in rows}


def _key(point: EquityPoint) -> tuple[str, str, int]:
    return (point.account, point.strategy, point.event_time_ns)


def _columns(points: Sequence[EquityPoint]) -> list[list[object]]:
    return [[getattr(point, name) for point in points] for name in _TYPES]


def _spans(keys: Iterable[tuple[str, str, int]]) -> dict[tuple[str, str], tuple[int, int]]:
    """Return from when up to but without when each curve has the keys."""
    spans: dict[tuple[str, str], tuple[int, int]] = {}
    for account, strategy, time_ns in sorted(keys):
        start_ns, _ = spans.get((account, strategy), (time_ns, time_ns))
        spans[account, strategy] = (start_ns, time_ns + 1)
    return spans
