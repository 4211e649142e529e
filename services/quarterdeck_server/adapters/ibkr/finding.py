"""Finding the contracts of instruments."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog

from quarterdeck_server.adapters.ibkr import metrics
from quarterdeck_server.adapters.ibkr.contracts import (
    CLASSES,
    SMART,
    ContractQuery,
    instrument_of,
    query,
)
from quarterdeck_server.adapters.ibkr.mailbox import Refusal
from quarterdeck_server.adapters.ibkr.session import Session
from quarterdeck_server.adapters.ibkr.stream import Known
from quarterdeck_server.kernel.errors import InvalidField, Unavailable
from quarterdeck_server.marketdata.domain.instrument import check_identifier
from quarterdeck_server.marketdata.domain.source import NotOffered
from quarterdeck_server.source_settings import IbkrSettings

log = structlog.get_logger()

AT_ONCE = 20
UNKNOWN = 200


async def find_all(
    session: Session, instruments: Sequence[str], settings: IbkrSettings, *, is_again: bool
) -> list[Known]:
    """Find every instrument. Raises InvalidField naming the first that is not one contract.

    Again, after a connection that had them all, what is no more is left out: a future that
    expired over night does not stop the others.
    """
    turns = asyncio.Semaphore(AT_ONCE)

    async def find_one(place: int, instrument: str) -> Known | InvalidField:
        field = f"live.instruments[{place}]"
        check_identifier(instrument, field)
        async with turns:
            try:
                return await find(session, instrument, settings, place)
            except NotOffered as error:
                return InvalidField(field, str(error))

    finding = [find_one(place, instrument) for place, instrument in enumerate(instruments)]
    answers = await asyncio.gather(*finding, return_exceptions=True)
    found = [each for each in answers if isinstance(each, Known)]
    for each in answers:
        if isinstance(each, InvalidField) and is_again and found:
            metrics.REFUSED.labels("contract").inc()
            log.warning("ibkr_instrument_lost", problem=str(each))
        elif isinstance(each, BaseException):
            raise each
    return found


async def find(session: Session, instrument: str, settings: IbkrSettings, place: int = 0) -> Known:
    """Find one instrument. Raises NotOffered if it is not exactly one contract."""
    asked = query(instrument, settings.contracts.get(instrument))
    found = await details_of(session, asked)
    if not found:
        raise NotOffered(instrument, f"is not known to Interactive Brokers, was {instrument!r}")
    if len(found) > 1:
        numbers = ", ".join(str(each.contract.conId) for each in found[:5])
        remedy = "set QUARTERDECK_MARKETDATA__IBKR__CONTRACTS"
        text = f"may be {len(found)} contracts ({numbers}): {remedy}, was {instrument!r}"
        raise NotOffered(instrument, text)
    details = found[0]
    if details.contract.secType not in CLASSES:
        raise NotOffered(instrument, f"is no share, pair, future or index, was {instrument!r}")
    contract = session.library.contract(**_exactly(details.contract, asked).fields())
    try:
        return Known(instrument_of(instrument, details), contract, place)
    except InvalidField as error:
        text = f"is described so that it cannot be: {error}, was {instrument!r}"
        raise NotOffered(instrument, text) from error


async def details_of(session: Session, asked: ContractQuery) -> list[Any]:
    """Return the details of every contract that fits."""
    contract = session.library.contract(**asked.fields())
    try:
        return await session.request(session.client.reqContractDetails, contract)
    except Refusal as refusal:
        if refusal.code == UNKNOWN:
            return []
        raise Unavailable(f"the TWS did not say what {asked} is: {refusal}") from refusal


def _exactly(contract: Any, asked: ContractQuery) -> ContractQuery:
    """Return the query for one contract by its number, routed as it was asked for."""
    routed = asked.exchange or (SMART if contract.secType == "STK" else contract.exchange)
    return ContractQuery(contract.secType, contract.symbol, exchange=routed, con_id=contract.conId)
