"""Rollups of curves are what folding every point from scratch would make, whatever came when."""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from quarterdeck_server.kernel.day import DAY_NS, DayRoll
from quarterdeck_server.kernel.errors import Unavailable
from quarterdeck_server.runtime.postgres import Postgres
from quarterdeck_server.trading.domain.equity import EquityPoint
from quarterdeck_server.trading.store import curve, rollup, thinned

START_NS = 1_073_000_000 * 10**9
UTC_DAYS = DayRoll(ZoneInfo("UTC"), time())
CLOSES = ("equity", "realised_profit", "unrealised_profit", "fees", "income", "gross_exposure")
NEVER = timedelta(days=36_500)

type Key = tuple[str, str, int]


def point(strategy: str, at_s: float, chance: random.Random) -> EquityPoint:
    """A point of a curve with numbers by chance."""
    return EquityPoint(
        account="SIM-001",
        strategy=strategy,
        event_time_ns=START_NS + int(at_s * 10**9),
        publish_time_ns=chance.randrange(10**18),
        equity=None if strategy else chance.gauss(1e6, 1e3),
        realised_profit=chance.gauss(0, 1e3),
        unrealised_profit=chance.gauss(0, 1e3),
        fees=chance.random(),
        income=chance.random(),
        gross_exposure=chance.choice((None, chance.random())),
    )


def scattered(chance: random.Random, count: int, *, over_s: float) -> list[EquityPoint]:
    """Points in no order; many share a minute, and some the moment of another."""
    moments = [chance.uniform(0, over_s) for _ in range(count // 2)]
    near = [chance.choice(moments) + chance.choice((0.0, 0.0, 5.0, 40.0)) for _ in range(count)]
    return [point(chance.choice(("", "Ema-001")), at, chance) for at in near]


def folded(points: Iterable[EquityPoint], roll: DayRoll = UTC_DAYS) -> dict[object, object]:
    """What the buckets of points are, from scratch."""
    buckets = defaultdict(list)
    for one in sorted(points, key=lambda each: each.event_time_ns):
        ns = one.event_time_ns
        for seconds in (60, 3_600):
            buckets[one.strategy, seconds, ns - ns % (seconds * 10**9)].append(one)
        buckets[one.strategy, 86_400, roll.day_of(ns) * DAY_NS].append(one)
    return {key: _bucket(found) for key, found in buckets.items()}


def _bucket(points: Sequence[EquityPoint]) -> dict[str, object]:
    first, last = points[0], points[-1]
    profits = [p.realised_profit + p.unrealised_profit - p.fees + p.income for p in points]
    equities = [p.equity for p in points if p.equity is not None] or [None]
    exposures = [p.gross_exposure for p in points if p.gross_exposure is not None]
    return {
        "point_count": len(points),
        "first_time_ns": first.event_time_ns,
        "last_time_ns": last.event_time_ns,
        "publish_time_ns": last.publish_time_ns,
        **{name: getattr(last, name) for name in CLOSES},
        "equity_open": first.equity,
        "equity_high": max(equities),
        "equity_low": min(equities),
        "profit_open": profits[0],
        "profit_high": max(profits),
        "profit_low": min(profits),
        "gross_exposure_high": max(exposures, default=None),
    }


async def stored(store: Postgres) -> dict[object, object]:
    """The buckets in the database."""
    rows = [dict(row) for row in await store.fetch("SELECT * FROM trading.equity_rollup")]
    for row in rows:
        row.pop("account"), row.pop("change_time")
    return {(row.pop("strategy"), row.pop("seconds"), row.pop("start_ns")): row for row in rows}


def newest(points: Iterable[EquityPoint]) -> list[EquityPoint]:
    """Points without those that were replaced."""
    return list({curve._key(one): one for one in points}.values())


async def save(store: Postgres, points: Sequence[EquityPoint], *, at_once: int) -> None:
    for start in range(0, len(points), at_once):
        await curve.save_points(store, newest(points[start : start + at_once]))


@pytest.mark.parametrize("seed", range(3))
async def test_points_in_any_order_come_to_what_folding_all_of_them_does(
    store: Postgres, seed: int
) -> None:
    points = scattered(random.Random(seed), 300, over_s=3 * 86_400)
    await save(store, points, at_once=17 + 40 * seed)
    assert await stored(store) == folded(newest(points))


async def test_days_end_as_the_settings_say_also_those_of_before(store: Postgres) -> None:
    points = scattered(random.Random(4), 200, over_s=6 * 86_400)
    await save(store, points[:100], at_once=100)
    zone = ZoneInfo("America/New_York")
    assert await rollup.keep_days(store, zone.key, time(17))
    assert not await rollup.keep_days(store, zone.key, time(17))
    await save(store, points[100:], at_once=100)
    assert await stored(store) == folded(newest(points), DayRoll(zone, time(17)))


async def test_points_that_were_changed_are_followed(store: Postgres) -> None:
    points = newest(scattered(random.Random(5), 200, over_s=86_400))
    await save(store, points, at_once=200)
    since = sorted(one.event_time_ns for one in points)[60]
    async with store.transaction() as connection:
        await curve.lock(connection, ["SIM-001"])
        await connection.execute(
            "UPDATE trading.equity_point SET realised_profit = -7 WHERE event_time_ns >= $1", since
        )
        for strategy in ("", "Ema-001"):
            await curve.restated(connection, "SIM-001", strategy, since)
    changed = [
        replace(one, realised_profit=-7.0) if one.event_time_ns >= since else one for one in points
    ]
    assert await stored(store) == folded(changed)


async def test_a_point_that_knows_less_of_the_log_does_not_replace_one_that_knows_more(
    store: Postgres,
) -> None:
    chance = random.Random(12)
    newer = replace(point("", 30, chance), log_position=12)
    older = replace(point("", 30, chance), log_position=10)
    await save(store, [newer], at_once=1)
    await save(store, [older, point("", 31, chance)], at_once=2)
    assert (await thinned.curve(store, "SIM-001", "", (0, 2**63 - 1), 10))[0] == replace(
        newer, log_position=0
    )
    assert (await stored(store))["", 60, START_NS - START_NS % (60 * 10**9)]["point_count"] == 2


async def test_what_was_dropped_stays_folded_and_late_points_join_it(store: Postgres) -> None:
    points = newest(scattered(random.Random(6), 200, over_s=3_600))
    await save(store, points, at_once=200)
    await rollup.drop_old(store, timedelta(days=1), NEVER)
    assert await store.fetchval("SELECT count(*) FROM trading.equity_point") == 0
    late = [replace(one, event_time_ns=one.event_time_ns + 7) for one in points[:50]]
    await save(store, late, at_once=50)
    await save(store, late, at_once=50)
    assert await stored(store) == folded([*points, *late])


async def test_a_part_that_was_written_lately_is_kept_however_old_its_time_is(
    store: Postgres,
) -> None:
    now_ns = await store.fetchval("SELECT series.bound(now(), true)::bigint")
    old = replace(point("", 0, random.Random(7)), publish_time_ns=now_ns)
    await curve.save_points(store, [old])
    await rollup.drop_old(store, timedelta(days=1), NEVER)
    assert await store.fetchval("SELECT count(*) FROM trading.equity_point") == 1


async def test_minutes_past_their_retention_go_and_a_curve_still_has_every_hour(
    store: Postgres,
) -> None:
    points = newest(scattered(random.Random(8), 300, over_s=40 * 3_600))
    await save(store, points, at_once=300)
    await store.execute("UPDATE trading.equity_rollup SET change_time = now() - interval '2 days'")
    await rollup.drop_old(store, timedelta(days=1), timedelta(days=1))
    found = await thinned.curve(store, "SIM-001", "", (0, 2**63 - 1), 10_000)
    hours = {key[2]: row for key, row in folded(points).items() if key[:2] == ("", 3_600)}
    assert [one.event_time_ns for one in found] == sorted(
        row["last_time_ns"] for row in hours.values()
    )


async def test_a_break_in_the_middle_of_storing_leaves_nothing_or_everything(
    store: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    points = newest(scattered(random.Random(9), 60, over_s=3_600))
    original = rollup.refold

    async def broken(connection, *arguments):
        await original(connection, *arguments)
        await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    await curve.save_points(store, points[:30])
    before = await stored(store)
    with monkeypatch.context() as patched:
        patched.setattr(rollup, "refold", broken)
        with pytest.raises(Unavailable):
            await curve.save_points(store, points)
    assert await stored(store) == before
    await curve.save_points(store, points)
    assert await stored(store) == folded(points)


@pytest.mark.parametrize("at_most", [1, 2, 10, 50, 500, 5_000])
async def test_a_thinned_curve_goes_through_points_and_keeps_both_ends(
    store: Postgres, at_most: int
) -> None:
    chance = random.Random(10)
    points = {n: point("", n * 31.0, chance) for n in range(4_000)}
    await curve.save_points(store, list(points.values()))
    within = (points[5].event_time_ns, points[3_990].event_time_ns)
    found = await thinned.curve(store, "SIM-001", "", within, at_most)
    assert 0.4 * min(at_most, 3_985) <= len(found) <= at_most
    assert found[-1] == points[3_989]
    assert at_most == 1 or found[0] == points[5]
    known = {one.event_time_ns: one for one in points.values()}
    assert all(known[one.event_time_ns] == one for one in found)
