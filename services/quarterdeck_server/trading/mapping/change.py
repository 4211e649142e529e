"""Position changes to and from messages."""

import math
from decimal import Decimal, InvalidOperation

from quarterdeck.api.trading.v1 import position_change_pb2 as pb
from quarterdeck.api.trading.v1 import position_change_service_pb2 as service_pb
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.convert import decimal_to, range_from
from quarterdeck_server.trading.changed import (
    ChangedPosition,
    ChangePage,
    ChangePlace,
    ChangeQuery,
)
from quarterdeck_server.trading.domain.view import View
from quarterdeck_server.trading.portfolio import PositionKey
from quarterdeck_server.trading.portfolio.walk import Held

RPC = "ListPositionChanges"
SHAPE = (str, str, str, int, int, int, str, str)

type Filters = tuple[object, ...]


def query_from(request: service_pb.ListPositionChangesRequest, view: View) -> ChangeQuery:
    """Read whose changes are wanted, and when."""
    return ChangeQuery(view, request.instrument, *range_from(request))


def filters_of(query: ChangeQuery) -> Filters:
    """Return what a page token belongs to."""
    view = query.view
    return (view.account, view.strategy, query.instrument, query.start_ns, query.end_ns)


def place_from(token: str, filters: Filters) -> ChangePlace | None:
    """Read where a page begins."""
    found = page.decode(token, RPC, filters, *SHAPE)
    if found is None:
        return None
    account, strategy, instrument, time_ns, is_fill, number, quantity, cost = found
    key = PositionKey(str(account), str(instrument), str(strategy))
    held = Held(_exact(str(quantity)), _exact(str(cost)))
    return ChangePlace(key, (int(time_ns), bool(is_fill), int(number)), held)


def token_to(place: ChangePlace | None, filters: Filters) -> str:
    """Write where the next page begins; empty if there is none."""
    if place is None:
        return ""
    key, (time_ns, is_fill, number), held = place.key, place.moment, place.held
    position: page.Position = [key.account, key.strategy, key.instrument]
    position += [time_ns, int(is_fill), number, str(held.quantity), str(held.cost)]
    return page.encode(RPC, filters, position)


def changes_to(found: ChangePage) -> pb.PositionChanges:
    """Write a page in columns."""
    steps = found.steps
    currencies = [_currency(one) for one in found.positions]
    owners = zip(steps, found.numbers, strict=True)
    return pb.PositionChanges(
        positions=map(_position_to, found.positions),
        position=found.numbers,
        kind=[pb.PositionChangeKind.ValueType(step.kind.value) for step in steps],
        event_time_ns=[step.time_ns for step in steps],
        change=[float(step.change) for step in steps],
        quantity=[float(step.held.quantity) for step in steps],
        cost=[float(step.held.cost) for step in steps],
        price=[math.nan if step.price is None else float(step.price) for step in steps],
        realised_profit=[float(step.realised) for step in steps],
        fee=[float(step.fee) for step in steps],
        income=[float(step.income) for step in steps],
        currency=[step.currency or currencies[number] for step, number in owners],
        event_id=[step.event_id for step in steps],
    )


def _position_to(position: ChangedPosition) -> pb.ChangedPosition:
    key, facts = position.key, position.instrument
    return pb.ChangedPosition(
        account=key.account,
        strategy=key.strategy,
        instrument=key.instrument,
        currency=_currency(position),
        base_currency=position.base_currency,
        multiplier=decimal_to(Decimal(1) if facts is None else facts.multiplier),
        is_inverse=facts is not None and facts.is_inverse,
    )


def _currency(position: ChangedPosition) -> str:
    facts = position.instrument
    return position.base_currency if facts is None else facts.currency


def _exact(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        raise page.PageTokenInvalid from error
    if not value.is_finite():
        raise page.PageTokenInvalid
    return value
