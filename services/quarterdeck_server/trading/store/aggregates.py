"""Reading rollups: curves and activity by interval, page by page."""

from collections.abc import Sequence
from dataclasses import fields

from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.aggregate import (
    ActivityColumns,
    CurveColumns,
    Window,
)
from quarterdeck_server.trading.domain.view import EVERY, View
from quarterdeck_server.trading.store.activity import SUMS
from quarterdeck_server.trading.store.rollup import PROFIT

type Place = Sequence[int | str]
"""A row of activity: its start, strategy, instrument and currency."""

_CURVE_NAMES = tuple(each.name for each in fields(CurveColumns))
_CURVE = f"""
SELECT {", ".join(f"{PROFIT} AS profit" if name == "profit" else name for name in _CURVE_NAMES)}
FROM trading.equity_rollup
WHERE account = $1 AND strategy = $2 AND seconds = $3 AND start_ns >= $4 AND start_ns < $5
ORDER BY start_ns LIMIT $6"""  # noqa: S608 - constants of this module
_ACTIVITY_NAMES = tuple(each.name for each in fields(ActivityColumns))
_PLACE = "start_ns, strategy, instrument, currency"
_ASKED = f"""
account = $1 AND seconds = $2 AND start_ns >= $3 AND start_ns < $4
  AND ({_PLACE}) > ($5, $6, $7, $8)
  AND ($9 = '' OR strategy = $9) AND ($10::text[] IS NULL OR strategy = ANY($10))
  AND ($11 = '' OR instrument = $11)"""
# Nothing is left of what was taken back. And what a late correction or bust takes off a minute that
# was dropped is told by its hour and day alone.
_TOLD = """
  (orders, rejects, cancels, fills, fees) <> (0, 0, 0, 0, 0)
  AND least(orders, rejects, cancels, fills) >= 0
  AND (fills > 0 OR (bought_quantity, sold_quantity) = (0, 0))"""
# What is not folded yet may complete rows, or take them back: so many more are looked at, and those
# that it touches are looked at in any case.
_ACTIVITY = f"""
WITH fresh AS (
  SELECT {_PLACE}, {SUMS} FROM trading.activity_change, trading.buckets(time_ns)
  WHERE {_ASKED} GROUP BY {_PLACE}
), folded AS (
  SELECT {", ".join(_ACTIVITY_NAMES)} FROM trading.activity_rollup
  WHERE {_ASKED} AND ({_TOLD} OR ({_PLACE}) IN (SELECT {_PLACE} FROM fresh))
  ORDER BY {_PLACE} LIMIT $12 + (SELECT count(*) FROM fresh)
)
SELECT * FROM (
  SELECT {_PLACE}, {SUMS} FROM (TABLE folded UNION ALL TABLE fresh) AS part GROUP BY {_PLACE}
) AS whole
WHERE {_TOLD}
ORDER BY {_PLACE} LIMIT $12"""  # noqa: S608 - constants of this module
BEFORE_ALL: Place = (-(2**63), "", "", "")


async def curve(
    postgres: Postgres, account: str, strategy: str, window: Window, limit: int
) -> CurveColumns:
    """Return the first buckets of a curve in a window."""
    arguments = (account, strategy, *_within(window), limit)
    return CurveColumns(*zip(*await postgres.fetch(_CURVE, *arguments), strict=True))


async def activity(
    postgres: Postgres, view: View, instrument: str, window: Window, after: Place, limit: int
) -> ActivityColumns:
    """Return the first activity of an account in a window, within a view, after a place."""
    strategies = None if EVERY in view.strategies else sorted(view.strategies)
    chosen = (view.strategy, strategies, instrument)
    arguments = (view.account, *_within(window), *after, *chosen, limit)
    return ActivityColumns(*zip(*await postgres.fetch(_ACTIVITY, *arguments), strict=True))


def _within(window: Window) -> tuple[int, int, int]:
    return int(window.interval), window.start_ns, window.end_ns
