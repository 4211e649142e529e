"""The deck's instruments as the engine's."""

import asyncio
import logging
from collections.abc import Sequence
from decimal import Decimal

from nautilus_trader.common.providers import InstrumentProvider
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.instruments import CurrencyPair, Equity
from nautilus_trader.model.instruments import Instrument as EngineInstrument
from nautilus_trader.model.objects import Currency, Price, Quantity

from quarterdeck import AsyncClient
from quarterdeck.api.marketdata.v1.instrument_pb2 import (
    INSTRUMENT_CLASS_CURRENCY_PAIR,
    INSTRUMENT_CLASS_EQUITY,
    Instrument,
)

LOG = logging.getLogger(__name__)
PAGE = 1000


async def list_instruments(client: AsyncClient) -> list[Instrument]:
    """Read every instrument of the deck."""
    found: list[Instrument] = []
    token = ""
    while True:
        page = await client.instruments.list_instruments(page_size=PAGE, page_token=token)
        found += page.instruments
        token = page.next_page_token
        if not token:
            return found


def engine_instrument(instrument: Instrument, taker_fee: Decimal) -> EngineInstrument | None:
    """Make the engine's instrument; None for a kind that the engine cannot hold from this."""
    match instrument.instrument_class:
        case kind if kind == INSTRUMENT_CLASS_EQUITY and instrument.size_precision == 0:
            return _equity(instrument, taker_fee)
        case kind if kind == INSTRUMENT_CLASS_CURRENCY_PAIR:
            return _currency_pair(instrument, taker_fee)
        case _:
            LOG.warning("%s cannot be traded by this engine", instrument.instrument)
            return None


def _equity(instrument: Instrument, taker_fee: Decimal) -> Equity:
    instrument_id = InstrumentId.from_str(instrument.instrument)
    return Equity(
        instrument_id=instrument_id,
        raw_symbol=instrument_id.symbol,
        currency=Currency.from_str(instrument.currency),
        price_precision=instrument.price_precision,
        price_increment=_price(instrument),
        lot_size=Quantity.from_int(1),
        maker_fee=Decimal(0),
        taker_fee=taker_fee,
        ts_event=0,
        ts_init=0,
    )


def _currency_pair(instrument: Instrument, taker_fee: Decimal) -> CurrencyPair:
    instrument_id = InstrumentId.from_str(instrument.instrument)
    step = Quantity(Decimal(instrument.size_increment.value), instrument.size_precision)
    return CurrencyPair(
        instrument_id=instrument_id,
        raw_symbol=instrument_id.symbol,
        base_currency=Currency.from_str(instrument.base_currency),
        quote_currency=Currency.from_str(instrument.currency),
        price_precision=instrument.price_precision,
        size_precision=instrument.size_precision,
        price_increment=_price(instrument),
        size_increment=step,
        maker_fee=Decimal(0),
        taker_fee=taker_fee,
        ts_event=0,
        ts_init=0,
    )


def _price(instrument: Instrument) -> Price:
    return Price(Decimal(instrument.price_increment.value), instrument.price_precision)


class DeckInstruments(InstrumentProvider):
    """Gives the engine the deck's instruments."""

    def __init__(self, client: AsyncClient, taker_fee: Decimal) -> None:
        super().__init__()
        self._client, self._taker_fee = client, taker_fee

    async def load_all_async(self, filters: object = None) -> None:  # noqa: ARG002 - all
        """Load every instrument of the deck."""
        for instrument in await list_instruments(self._client):
            if made := engine_instrument(instrument, self._taker_fee):
                self.add(made)

    async def load_ids_async(
        self,
        instrument_ids: Sequence[InstrumentId],
        filters: object = None,  # noqa: ARG002 - the identifiers say it all
    ) -> None:
        """Load some instruments."""
        answers = await asyncio.gather(
            *(self._client.instruments.get_instrument(instrument=str(i)) for i in instrument_ids)
        )
        for answer in answers:
            if made := engine_instrument(answer.instrument, self._taker_fee):
                self.add(made)
