"""What has to be told anew: positions of which points of curves were stored too early."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from quarterdeck_server.runtime.postgres import Connection, Postgres
from quarterdeck_server.trading.domain.fill import Holding
from quarterdeck_server.trading.domain.restating import Shift, Times

_INSERT = """
INSERT INTO trading.restatement (position, after_position, account, strategy, instrument, from_ns)
VALUES ($1, $2, $3, $4, $5, $6)"""
# Some of each account: one that has to wait must not keep the others waiting.
_PENDING = """
SELECT * FROM (
  SELECT position, after_position, account, min(from_ns) AS from_ns,
         array_agg(strategy) AS strategies, array_agg(instrument) AS instruments,
         row_number() OVER (PARTITION BY account ORDER BY position) AS place
  FROM trading.restatement GROUP BY 1, 2, 3) AS waiting
WHERE place <= $1 ORDER BY position"""
_POINTS = """
SELECT event_time_ns FROM trading.equity_point
WHERE account = $1 AND strategy = $2 AND event_time_ns >= $3 AND log_position < $4
ORDER BY event_time_ns"""
_SHIFT = """
UPDATE trading.equity_point AS point SET
  (log_position, equity, realised_profit, unrealised_profit, fees, income, gross_exposure)
    = ($3, point.equity + shift.equity, realised_profit + shift.realised,
       unrealised_profit + shift.unrealised, point.fees + shift.fees,
       point.income + shift.income, point.gross_exposure + shift.exposure)
FROM unnest($4::bigint[], $5::float8[], $6::float8[], $7::float8[], $8::float8[], $9::float8[],
            $10::float8[]) AS shift (time_ns, equity, realised, unrealised, fees, income, exposure)
WHERE account = $1 AND strategy = $2 AND event_time_ns = shift.time_ns"""


@dataclass(frozen=True, slots=True)
class Restatement:
    """An account's positions that a batch changed in the past; ``holdings`` may be empty."""

    position: int
    after_position: int
    account: str
    from_ns: int
    holdings: tuple[Holding, ...]


async def write(
    connection: Connection, within: tuple[int, int], since: Mapping[Holding, int]
) -> None:
    """Store which positions a batch between two places of the log changed, and since when."""
    after, position = within
    rows = [(position, after, *holding, from_ns) for holding, from_ns in since.items()]
    if rows:
        await connection.executemany(_INSERT, rows)


async def pending(postgres: Postgres, most: int) -> list[Restatement]:
    """Return what has to be told anew, so many of each account, in the order of the log."""
    rows = await postgres.fetch(_PENDING, most)
    return [
        Restatement(
            position=row["position"],
            after_position=row["after_position"],
            account=row["account"],
            from_ns=row["from_ns"],
            holdings=tuple(
                (row["account"], strategy, instrument)
                for strategy, instrument in zip(row["strategies"], row["instruments"], strict=True)
                if instrument
            ),
        )
        for row in rows
    ]


async def newest(postgres: Postgres, account: str) -> int:
    """Return the time of an account's last point; zero if it has none."""
    found = await postgres.fetchval(
        "SELECT max(last_time_ns) FROM trading.equity_rollup "
        "WHERE account = $1 AND strategy = '' AND seconds = 86400",
        account,
    )
    return found or 0


async def take(connection: Connection, one: Restatement) -> bool:
    """Remove what is told anew in this transaction; tells whether it was still to be done."""
    answer = await connection.execute(
        "DELETE FROM trading.restatement WHERE position = $1 AND account = $2",
        one.position,
        one.account,
    )
    return not answer.endswith(" 0")


async def points(connection: Connection, one: Restatement, strategy: str) -> Sequence[int]:
    """Return the times of those points of a curve that do not know of it yet."""
    rows = await connection.fetch(_POINTS, one.account, strategy, one.from_ns, one.position)
    return [row["event_time_ns"] for row in rows]


async def shift(
    connection: Connection, one: Restatement, strategy: str, times: Times, by: Shift
) -> None:
    """Add to points of a curve, and note what they know of now."""
    columns: Iterable[list[float]] = (
        values.tolist()
        for values in (by.equity, by.realised, by.unrealised, by.fees, by.income, by.gross_exposure)
    )
    await connection.execute(_SHIFT, one.account, strategy, one.position, times.tolist(), *columns)
