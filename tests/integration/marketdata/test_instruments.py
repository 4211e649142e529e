"""Describing and finding instruments."""

import grpc
import pytest
from google.type.decimal_pb2 import Decimal
from tests.instruments import share, upsert
from tests.integration.marketdata.requests import bars, refusal
from tests.unit.marketdata.batches import instrument as described

from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.instrument_service_pb2 import (
    GetInstrumentRequest,
    ImportSectorsRequest,
    ListInstrumentsRequest,
    SearchInstrumentsRequest,
)
from quarterdeck_server.marketdata.instruments import Instruments
from quarterdeck_server.marketdata.store.instrument import PostgresInstrumentStore


async def test_an_instrument_is_returned_as_it_was_described(deck):
    await deck.instruments.UpsertInstrument(upsert())
    answer = await deck.instruments.GetInstrument(GetInstrumentRequest(instrument="AAPL.XNAS"))
    assert answer.instrument.HasField("update_time")
    answer.instrument.ClearField("update_time")
    assert answer.instrument == share()


async def test_instruments_are_there_after_a_restart(open_area):
    async with open_area() as deck:
        await deck.instruments.UpsertInstrument(upsert(display_name="Apple"))
    async with open_area() as deck:
        request = GetInstrumentRequest(instrument="AAPL.XNAS")
        assert (await deck.instruments.GetInstrument(request)).instrument.display_name == "Apple"


async def test_an_unknown_instrument_is_not_found(deck):
    request = GetInstrumentRequest(instrument="NOPE.XNAS")
    code, reason, metadata = await refusal(deck.instruments.GetInstrument(request))
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "INSTRUMENT_NOT_FOUND")
    assert metadata == {"instrument": "NOPE.XNAS", "field": "instrument"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"price_increment": Decimal(value="NaN")}, "instrument.price_increment"),
        ({"multiplier": Decimal()}, "instrument.multiplier"),
        ({"instrument_class": 0}, "instrument.instrument_class"),
        ({"instrument_class": 99}, "instrument.instrument_class"),
        ({"price_precision": 11}, "instrument.price_precision"),
    ],
)
async def test_a_senseless_description_names_its_field(deck, values, field):
    call = deck.instruments.UpsertInstrument(upsert(**values))
    _, reason, metadata = await refusal(call)
    assert (reason, metadata["field"]) == ("FIELD_INVALID", field)


FINER = {"price_precision": 4, "price_increment": Decimal(value="0.0001")}


async def test_a_precision_may_change_before_there_are_prices(deck):
    await deck.instruments.UpsertInstrument(upsert())
    answer = await deck.instruments.UpsertInstrument(upsert(**FINER))
    assert answer.instrument.price_precision == 4


async def test_a_precision_cannot_change_while_prices_are_stored(open_area):
    async with open_area() as deck:
        await deck.instruments.UpsertInstrument(upsert())
        await deck.ingest.Publish(PublishRequest(bars=[bars([1])]))
    async with open_area() as deck:
        code, reason, metadata = await refusal(deck.instruments.UpsertInstrument(upsert(**FINER)))
        assert (code, reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")
        assert metadata["subject"] == "AAPL.XNAS"
        await deck.instruments.UpsertInstrument(upsert(display_name="Apple"))


async def test_instruments_are_listed_in_pages_by_identifier(deck):
    for name in ("C.X", "A.X", "EUR/USD.X", "B.X"):
        await deck.instruments.UpsertInstrument(upsert(name))
    names, token = [], ""
    while True:
        request = ListInstrumentsRequest(page_size=3, page_token=token)
        answer = await deck.instruments.ListInstruments(request)
        names.append([each.instrument for each in answer.instruments])
        if not (token := answer.next_page_token):
            break
    assert names == [["A.X", "B.X", "C.X"], ["EUR/USD.X"]]


async def search(deck, text, limit=0):
    request = SearchInstrumentsRequest(query=text, limit=limit)
    answer = await deck.instruments.SearchInstruments(request)
    return [each.instrument for each in answer.instruments]


async def test_the_best_match_comes_first(deck):
    names = {
        "F.XNYS": "Ford Motor",
        "FB.XNAS": "Facebook",
        "AFB.XNYS": "A Fund",
        "MSFT.XNAS": "Microsoft",
    }
    for name, display_name in names.items():
        await deck.instruments.UpsertInstrument(upsert(name, display_name=display_name))
    assert await search(deck, "fb") == ["FB.XNAS", "AFB.XNYS"]
    assert (await search(deck, "f"))[0] == "F.XNYS"
    assert await search(deck, "MICRO") == ["MSFT.XNAS"]
    assert await search(deck, "fund") == ["AFB.XNYS"]


@pytest.mark.parametrize("text", ["%", "_", "\\", "'"])
async def test_signs_with_a_meaning_in_patterns_are_searched_as_such(deck, text):
    await deck.instruments.UpsertInstrument(upsert())
    await deck.instruments.UpsertInstrument(upsert("B.X", display_name=f"50{text}0"))
    assert await search(deck, text) == ["B.X"]


async def test_an_upsert_without_a_sector_keeps_it_and_an_empty_one_takes_it_away(deck):
    await deck.instruments.UpsertInstrument(upsert(sector="Energy"))
    kept = await deck.instruments.UpsertInstrument(upsert(display_name="Apple"))
    assert (kept.instrument.sector, kept.instrument.display_name) == ("Energy", "Apple")
    none = await deck.instruments.UpsertInstrument(upsert(sector=""))
    assert none.instrument.HasField("sector")
    assert none.instrument.sector == ""


async def test_a_source_tells_a_sector_only_where_nobody_did(store):
    instruments = Instruments(PostgresInstrumentStore(store))
    for mine, kept in (("Energy", "Energy"), ("", ""), (None, "Technology")):
        await instruments.put(described(sector=mine, instrument=f"S{mine}.XNAS"))
        told = described(sector="Technology", instrument=f"S{mine}.XNAS", display_name="Other")
        found = await instruments.ensure(told)
        assert (found.sector, found.display_name) == (kept, described().display_name)


SECTORS = """instrument,sector
AAPL.XNAS,Information Technology
NOPE.XNAS,Energy
MSFT.XNAS,
AAPL.XNAS,Energy
"""


async def test_sectors_of_a_file_are_all_set_or_none(open_area):
    async with open_area() as deck:
        for name in ("AAPL.XNAS", "MSFT.XNAS"):
            await deck.instruments.UpsertInstrument(upsert(name, sector="Unknown"))
        dry = await deck.instruments.ImportSectors(ImportSectorsRequest(csv=SECTORS, dry_run=True))
        assert [(one.row, one.column, one.problem) for one in dry.problems] == [
            (3, "instrument", "is not known"),
            (4, "sector", "must not be empty"),
            (5, "instrument", "was told in row 2 already"),
        ]
        assert (dry.changed_count, dry.unchanged_count) == (1, 0)
        _, reason, metadata = await refusal(
            deck.instruments.ImportSectors(ImportSectorsRequest(csv=SECTORS))
        )
        assert (reason, metadata["row"], metadata["column"]) == ("FILE_INVALID", "3", "instrument")
        good = ImportSectorsRequest(csv="instrument,sector\nAAPL.XNAS, Energy\nMSFT.XNAS,Unknown\n")
        set_ = await deck.instruments.ImportSectors(good)
        assert (set_.changed_count, set_.unchanged_count) == (1, 1)
    async with open_area() as deck:
        found = await deck.instruments.GetInstrument(GetInstrumentRequest(instrument="AAPL.XNAS"))
        assert found.instrument.sector == "Energy"
