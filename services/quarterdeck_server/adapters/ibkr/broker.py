"""What the broker says an account holds and does, to be compared with what we think. Read only."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck_server.adapters.ibkr.contracts import ContractQuery, identifier
from quarterdeck_server.adapters.ibkr.finding import AT_ONCE, details_of
from quarterdeck_server.adapters.ibkr.mailbox import Refusal
from quarterdeck_server.adapters.ibkr.session import Session, connected
from quarterdeck_server.kernel.errors import InvalidField, Unavailable
from quarterdeck_server.kernel.time import ns_from_datetime
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.source_settings import IbkrSettings

SIDES = {"BOT": "BUY", "SLD": "SELL"}
UNSET = 1e300


@dataclass(frozen=True, slots=True)
class BrokerPosition:
    """What an account holds of an instrument; less than 0 is short."""

    account: str
    instrument: str
    quantity: float
    average_cost: float


@dataclass(frozen=True, slots=True)
class BrokerOrder:
    """An order that works. ``order_id`` is the broker's own number, the same for every client."""

    account: str
    instrument: str
    order_id: int
    side: str
    order_type: str
    quantity: float
    filled: float
    remaining: float
    limit_price: float | None
    stop_price: float | None
    time_in_force: str
    status: str
    reference: str


@dataclass(frozen=True, slots=True)
class BrokerExecution:
    """A fill of the day; no commission is told until the broker reported it."""

    account: str
    instrument: str
    execution_id: str
    order_id: int
    side: str
    quantity: float
    price: float
    time_ns: int
    commission: float | None
    commission_currency: str


@dataclass(frozen=True, slots=True)
class BrokerValue:
    """A value of an account, for example its net liquidation, in the broker's words."""

    account: str
    tag: str
    value: str
    currency: str


@dataclass(frozen=True, slots=True)
class BrokerView:
    """Everything the broker says, at one moment."""

    time_ns: int
    accounts: tuple[str, ...]
    positions: tuple[BrokerPosition, ...]
    orders: tuple[BrokerOrder, ...]
    executions: tuple[BrokerExecution, ...]
    values: tuple[BrokerValue, ...]


class IbkrBroker:
    """Reads accounts over a connection of its own."""

    def __init__(self, settings: IbkrSettings, clock: Clock) -> None:
        self._settings, self._clock = settings, clock

    async def view(self) -> BrokerView:
        """Read the accounts. Raises Unavailable, or InvalidField for an account of nobody."""
        client_id = self._settings.client_id + 2
        async with connected(self._settings, client_id, self._clock) as session:
            try:
                return await self._read(session)
            except Refusal as refusal:
                raise Unavailable(f"the TWS does not tell of the account: {refusal}") from refusal

    async def _read(self, session: Session) -> BrokerView:
        client, accounts = session.client, self._accounts(session)
        positions = await session.ask("positions", client.reqPositions)
        orders = await session.ask("orders", client.reqAllOpenOrders)
        executions, commissions = await _executions(session)
        values = [
            each
            for account in accounts
            for each in await session.request(client.reqAccountUpdatesMulti, account, "", False)
        ]
        contracts = [row[1] for row in positions] + [row[2] for row in orders if row[0] == "order"]
        names = await _names(session, [*contracts, *(row[0] for row in executions)])
        return BrokerView(
            self._clock.now_ns(),
            accounts,
            tuple(_positions(positions, accounts, names)),
            tuple(_orders(orders, accounts, names)),
            tuple(_done(executions, commissions, accounts, names)),
            tuple(BrokerValue(row[0], row[2], row[3], row[4]) for row in values),
        )

    def _accounts(self, session: Session) -> tuple[str, ...]:
        known = tuple(session.client.getAccounts())
        wanted = self._settings.account
        if wanted and wanted not in known:
            raise InvalidField(
                "QUARTERDECK_MARKETDATA__IBKR__ACCOUNT", "is no account of the TWS's user"
            )
        return (wanted,) if wanted else known


async def _executions(session: Session) -> tuple[list[Any], dict[str, Any]]:
    """Return the executions of the day, and the commissions by the execution they are for."""
    session.mailbox.expect("commissions")
    try:
        rows = await session.request(
            session.client.reqExecutions, session.library.execution_filter()
        )
    finally:
        reports = session.mailbox.forget("commissions")
    return rows, {report.execId: report for report in reports}


async def _names(session: Session, contracts: Iterable[Any]) -> dict[int, str]:
    """Return what the contracts are called here, by their number."""
    numbers = sorted({contract.conId for contract in contracts})
    turns = asyncio.Semaphore(AT_ONCE)

    async def name(number: int) -> str:
        async with turns:
            found = await details_of(session, ContractQuery(con_id=number))
        return identifier(found[0]) if found else f"{number}.IBKR"

    names = await asyncio.gather(*map(name, numbers))
    return dict(zip(numbers, names, strict=True))


def _positions(
    rows: Sequence[Any], accounts: Sequence[str], names: dict[int, str]
) -> Iterable[BrokerPosition]:
    for account, contract, quantity, cost in rows:
        if account in accounts and quantity:
            yield BrokerPosition(account, names[contract.conId], quantity, cost)


def _orders(
    rows: Sequence[Any], accounts: Sequence[str], names: dict[int, str]
) -> Iterable[BrokerOrder]:
    statuses = {row[1]: row[2:] for row in rows if row[0] == "status"}
    for _, order_id, contract, order, state in (row for row in rows if row[0] == "order"):
        if order.account not in accounts:
            continue
        untold = (state.status, 0.0, order.totalQuantity)
        status, filled, remaining = statuses.get(order_id, untold)[:3]
        yield BrokerOrder(
            account=order.account,
            instrument=names[contract.conId],
            order_id=order_id,
            side=order.action,
            order_type=order.orderType,
            quantity=order.totalQuantity,
            filled=filled,
            remaining=remaining,
            limit_price=_told(order.lmtPrice),
            stop_price=_told(order.auxPrice),
            time_in_force=order.tif,
            status=status,
            reference=order.orderRef,
        )


def _done(
    rows: Sequence[Any],
    commissions: dict[str, Any],
    accounts: Sequence[str],
    names: dict[int, str],
) -> Iterable[BrokerExecution]:
    for contract, execution in rows:
        if execution.acctNumber not in accounts:
            continue
        report = commissions.get(execution.execId)
        yield BrokerExecution(
            account=execution.acctNumber,
            instrument=names[contract.conId],
            execution_id=execution.execId,
            order_id=execution.permId,
            side=SIDES.get(execution.side, execution.side),
            quantity=execution.shares,
            price=execution.price,
            time_ns=ns_from_datetime(execution.time),
            commission=report.commission if report else None,
            commission_currency=report.currency if report else "",
        )


def _told(price: float | None) -> float | None:
    """Return a price, or nothing for the number that stands for none."""
    return price if price is not None and 0 < abs(price) < UNSET else None
