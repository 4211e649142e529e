"""Position changes and instruments, asked of the other areas with the caller's own token."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from quarterdeck.api.marketdata.v1 import instrument_pb2, instrument_service_pb2
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck.api.trading.v1 import position_change_pb2, position_change_service_pb2
from quarterdeck.api.trading.v1.position_change_service_pb2_grpc import PositionChangeServiceStub
from quarterdeck_server.analytics.areas import Area
from quarterdeck_server.analytics.domain.attribution.changes import Changes, Position
from quarterdeck_server.analytics.ports import ChangeQuery
from quarterdeck_server.runtime.convert import floats, ints, timestamp_to
from quarterdeck_server.runtime.peers import Peers

TRADING, MARKETDATA = Area("trading", timeout_s=60.0), Area("marketdata", timeout_s=60.0)
PAGE = 2_000
"""So few that writing a page does not hold up others."""
MOST_PAIRS = 20


@dataclass(frozen=True, slots=True)
class ChangePeer:
    """What happened to positions, as the trading area knows it."""

    peers: Peers

    async def changes(self, query: ChangeQuery) -> list[Changes]:
        """Return the changes of each position."""
        stub = PositionChangeServiceStub(self.peers.channel("trading"))
        request = position_change_service_pb2.ListPositionChangesRequest(
            account=query.account,
            strategy=query.strategy,
            instrument=query.instrument,
            start_time=timestamp_to(query.start_ns),
            end_time=timestamp_to(query.end_ns),
            page_size=PAGE,
        )
        parts: defaultdict[Position, list[Changes]] = defaultdict(list)
        async for page in TRADING.pages(stub.ListPositionChanges, request):
            for changes in _changes_from(page.changes):
                parts[changes.position].append(changes)
        return [_joined(pages) for pages in parts.values()]


@dataclass(frozen=True, slots=True)
class InstrumentPeer:
    """Instruments, as the market data area describes them."""

    peers: Peers

    async def sector(self, instrument: str) -> str:
        """Return the sector of an instrument, empty if it has none; fails with NotFound."""
        stub = InstrumentServiceStub(self.peers.channel("marketdata"))
        request = instrument_service_pb2.GetInstrumentRequest(instrument=instrument)
        return (await MARKETDATA.answer(stub.GetInstrument, request)).instrument.sector

    async def pairs(self, source: str, target: str) -> Sequence[str]:
        """Return the instruments whose price is what one unit of a currency is in another."""
        stub = InstrumentServiceStub(self.peers.channel("marketdata"))
        request = instrument_service_pb2.SearchInstrumentsRequest(
            query=f"{source}/{target}", limit=MOST_PAIRS
        )
        found = (await MARKETDATA.answer(stub.SearchInstruments, request)).instruments
        return [one.instrument for one in found if _is_pair(one, source, target)]


def _is_pair(message: instrument_pb2.Instrument, source: str, target: str) -> bool:
    is_pair = message.instrument_class == instrument_pb2.INSTRUMENT_CLASS_CURRENCY_PAIR
    named = (message.base_currency, message.currency) == (source, target)
    return is_pair and named and not message.is_inverse


def _changes_from(message: position_change_pb2.PositionChanges) -> list[Changes]:
    owners = ints(message.position)
    kinds, times = ints(message.kind), ints(message.event_time_ns)
    names = ("change", "quantity", "price", "realised_profit", "fee", "income")
    columns = {name: floats(getattr(message, name)) for name in names}
    currencies = np.array(message.currency, np.object_)
    masks = [(position, owners == number) for number, position in enumerate(message.positions)]
    return [
        Changes(
            position=_position_from(position),
            kinds=kinds[own],
            times=times[own],
            changes=columns["change"][own],
            quantities=columns["quantity"][own],
            prices=columns["price"][own],
            realised=columns["realised_profit"][own],
            fees=columns["fee"][own],
            incomes=columns["income"][own],
            currencies=currencies[own].tolist(),
        )
        for position, own in masks
    ]


def _position_from(message: position_change_pb2.ChangedPosition) -> Position:
    return Position(
        account=message.account,
        strategy=message.strategy,
        instrument=message.instrument,
        currency=message.currency,
        base_currency=message.base_currency,
        multiplier=float(message.multiplier.value),
        is_inverse=message.is_inverse,
    )


def _joined(pages: Sequence[Changes]) -> Changes:
    if len(pages) == 1:
        return pages[0]
    arrays = [name for name in Changes.__slots__ if name not in {"position", "currencies"}]
    columns: dict[str, Any] = {
        name: np.concatenate([getattr(page, name) for page in pages]) for name in arrays
    }
    currencies = [currency for page in pages for currency in page.currencies]
    return replace(pages[0], currencies=currencies, **columns)
