"""Backfills on the wire, and as a job keeps them."""

from typing import Any

import orjson

from quarterdeck.api.marketdata.v1 import source_service_pb2 as pb
from quarterdeck_server.marketdata.domain.backfill import (
    BarWish,
    FilingWish,
    SeriesWish,
    Standing,
    Wish,
)
from quarterdeck_server.runtime.convert import timestamp_from

WISHES: dict[str, type[BarWish] | type[SeriesWish] | type[FilingWish]] = {
    "bars": BarWish,
    "series": SeriesWish,
    "filings": FilingWish,
}


def wish_from(request: pb.BackfillSourceRequest) -> Wish:
    """Read what somebody wants."""
    if request.HasField("bars"):
        return _bars_from(request.bars)
    if request.HasField("series"):
        return SeriesWish(tuple(request.series.series), request.series.vintages)
    filings = request.filings
    return FilingWish(tuple(filings.companies), tuple(filings.forms), filings.facts)


def wish_text(wish: Wish) -> str:
    """Write what somebody wants, to be kept with the job; equal wishes have equal texts."""
    kind = next(name for name, made in WISHES.items() if isinstance(wish, made))
    return orjson.dumps({kind: wish}).decode()


def wish_of(text: str) -> Wish:
    """Read a kept wish."""
    [(kind, values)] = orjson.loads(text).items()
    return WISHES[kind](**_values(values))


def standing_text(standing: Standing) -> str:
    """Write how far a backfill has come."""
    return orjson.dumps(standing).decode()


def standing_of(text: str) -> Standing | None:
    """Read how far a backfill has come; nothing if it did not begin."""
    return Standing(**_values(orjson.loads(text))) if text else None


def _bars_from(message: pb.BarBackfill) -> BarWish:
    start_ns, end_ns = 0, None
    if message.HasField("start_time"):
        start_ns = timestamp_from(message.start_time, "bars.start_time")
    if message.HasField("end_time"):
        end_ns = timestamp_from(message.end_time, "bars.end_time")
    return BarWish(tuple(message.instruments), message.interval, start_ns, end_ns)


def _values(found: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(v) if isinstance(v, list) else v for name, v in found.items()}
