"""The portfolio to messages: profit, positions in columns, cash."""

from collections.abc import Iterable

import numpy as np

from quarterdeck.api.trading.v1 import portfolio_pb2, portfolio_service_pb2
from quarterdeck_server.runtime.convert import decimal_to, timestamp_to
from quarterdeck_server.trading.desk import Cash
from quarterdeck_server.trading.domain.account import Account
from quarterdeck_server.trading.domain.equity import DailyEquity, EquityPoint
from quarterdeck_server.trading.portfolio import CostMethod, PositionColumns
from quarterdeck_server.trading.profit import ProfitAndLoss


def cost_method_from(value: portfolio_service_pb2.CostMethod.ValueType) -> CostMethod:
    """Read how closes take their cost; unsaid is average cost."""
    is_fifo = value == portfolio_service_pb2.COST_METHOD_FIFO
    return CostMethod.FIFO if is_fifo else CostMethod.AVERAGE


def profit_to(profit: ProfitAndLoss) -> portfolio_pb2.ProfitAndLoss:
    """Write profit and loss."""
    message = portfolio_pb2.ProfitAndLoss(
        account=profit.account,
        strategy=profit.strategy,
        currency=profit.currency,
        realised_profit=decimal_to(profit.realised),
        unrealised_profit=decimal_to(profit.unrealised),
        fees=decimal_to(profit.fees),
        total_profit=decimal_to(profit.total),
        gross_exposure=decimal_to(profit.gross_exposure),
        net_exposure=decimal_to(profit.net_exposure),
        open_positions=profit.open_positions,
        unpriced_instruments=profit.unpriced,
        missing_rates=profit.missing_rates,
        income=decimal_to(profit.income),
    )
    if profit.equity is not None:
        message.equity.CopyFrom(decimal_to(profit.equity))
    if profit.event_time_ns is not None:
        message.event_time.CopyFrom(timestamp_to(profit.event_time_ns))
    return message


def columns_to(
    columns: PositionColumns, unpriced: frozenset[str] = frozenset()
) -> portfolio_pb2.PositionColumns:
    """Write positions; those in instruments without a market price have no mark."""
    message = portfolio_pb2.PositionColumns()
    columns_into(message, columns, unpriced)
    return message


def columns_into(
    message: portfolio_pb2.PositionColumns, columns: PositionColumns, unpriced: frozenset[str]
) -> None:
    """Write positions into an empty message."""
    keys, marked, mark = columns.keys, columns.is_marked, columns.mark
    if unpriced:
        marked = marked & np.array([key.instrument not in unpriced for key in keys], np.bool_)
        mark = mark * marked
    message.quantity_scale = columns.quantity_scale
    message.price_scale = columns.price_scale
    message.money_scale = columns.money_scale
    message.account.extend([key.account for key in keys])
    message.strategy.extend([key.strategy for key in keys])
    message.instrument.extend([key.instrument for key in keys])
    message.currency.extend(columns.currencies)
    message.quantity.extend(columns.quantity.tolist())
    message.average_price.extend(columns.average_price.tolist())
    message.mark_price.extend(mark.tolist())
    message.has_mark.extend(marked.tolist())
    message.market_value.extend(columns.market_value.tolist())
    message.unrealised_profit.extend(columns.unrealised.tolist())
    message.realised_profit.extend(columns.realised.tolist())
    message.fees.extend(columns.fees.tolist())
    message.income.extend(columns.income.tolist())


def cash_to(cash: Cash) -> portfolio_pb2.CashBalance:
    """Write the cash of an account in a currency."""
    return portfolio_pb2.CashBalance(
        account=cash.account, currency=cash.money.currency, amount=decimal_to(cash.money.amount)
    )


def portfolio_to(
    profits: Iterable[ProfitAndLoss],
    cash: Iterable[Cash],
    columns: portfolio_pb2.PositionColumns | None = None,
) -> portfolio_pb2.Portfolio:
    """Write a portfolio, or what changed of it."""
    return portfolio_pb2.Portfolio(
        profit_and_loss=[profit_to(profit) for profit in profits],
        positions=columns,
        cash=[cash_to(one) for one in cash],
    )


def account_to(
    account: Account, strategies: Iterable[str], cash: Iterable[Cash]
) -> portfolio_pb2.Account:
    """Write an account."""
    message = portfolio_pb2.Account(
        account=account.account,
        base_currency=account.base_currency,
        strategies=strategies,
        cash=[cash_to(one) for one in cash],
        reported=[
            portfolio_pb2.CashBalance(
                account=account.account, currency=currency, amount=decimal_to(total)
            )
            for currency, total in sorted(account.reported.items())
        ],
    )
    if account.reported_time_ns is not None:
        message.reported_time.CopyFrom(timestamp_to(account.reported_time_ns))
    return message


def curve_to(
    points: list[EquityPoint], currency: str
) -> portfolio_service_pb2.GetEquityCurveResponse:
    """Write the points of an equity curve."""
    return portfolio_service_pb2.GetEquityCurveResponse(
        currency=currency,
        event_time_ns=[point.event_time_ns for point in points],
        equity=[point.equity for point in points if point.equity is not None],
        realised_profit=[point.realised_profit for point in points],
        unrealised_profit=[point.unrealised_profit for point in points],
        fees=[point.fees for point in points],
        income=[point.income for point in points],
    )


def daily_to(daily: DailyEquity, currency: str) -> portfolio_service_pb2.GetDailyEquityResponse:
    """Write the equity of days."""
    message = portfolio_service_pb2.GetDailyEquityResponse(
        currency=currency,
        days=[value.day for value in daily.days],
        equity=[value.equity for value in daily.days],
        profit=[value.profit for value in daily.days],
        flows=daily.flows,
    )
    if daily.opening is not None:
        message.opening_day = daily.opening.day
        message.opening_equity = daily.opening.equity
        message.opening_profit = daily.opening.profit
    return message
