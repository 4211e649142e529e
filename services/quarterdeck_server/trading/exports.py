"""The portfolio as tables for people: the numbers of GetPortfolio, one row for each."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import repeat

from quarterdeck_server.kernel.table import Column, Kind, Table
from quarterdeck_server.trading.desk import Cash
from quarterdeck_server.trading.portfolio import PositionColumns
from quarterdeck_server.trading.portfolio.columns import Integers
from quarterdeck_server.trading.profit import ProfitAndLoss


def positions_table(columns: PositionColumns, unpriced: frozenset[str]) -> Table:
    """Return positions; what depends on a price is empty where the market showed none."""
    keys = columns.keys
    marked = [
        bool(known) and key.instrument not in unpriced
        for known, key in zip(columns.is_marked, keys, strict=True)
    ]
    held = [bool(quantity) for quantity in columns.quantity]
    valued = columns.is_marked.tolist()
    money, price = columns.money_scale, columns.price_scale
    return (
        _texts("account", (key.account for key in keys)),
        _texts("strategy", (key.strategy for key in keys)),
        _texts("instrument", (key.instrument for key in keys)),
        _texts("currency", columns.currencies),
        _numbers("quantity", columns.quantity, columns.quantity_scale),
        _numbers("average_price", columns.average_price, price, held),
        _numbers("mark_price", columns.mark, price, marked),
        _numbers("market_value", columns.market_value, money, valued),
        _numbers("unrealised_profit", columns.unrealised, money, valued),
        _numbers("realised_profit", columns.realised, money),
        _numbers("fees", columns.fees, money),
        _numbers("income", columns.income, money),
    )


def profit_table(profits: Iterable[ProfitAndLoss]) -> Table:
    """Return profits: of the firm without an account, of accounts without a strategy."""
    rows = tuple(profits)
    return (
        _texts("account", (row.account for row in rows)),
        _texts("strategy", (row.strategy for row in rows)),
        _texts("currency", (row.currency for row in rows)),
        _amounts("realised_profit", (row.realised for row in rows)),
        _amounts("unrealised_profit", (row.unrealised for row in rows)),
        _amounts("fees", (row.fees for row in rows)),
        _amounts("income", (row.income for row in rows)),
        _amounts("total_profit", (row.total for row in rows)),
        _amounts("equity", (row.equity for row in rows)),
        _amounts("gross_exposure", (row.gross_exposure for row in rows)),
        _amounts("net_exposure", (row.net_exposure for row in rows)),
        Column("open_positions", Kind.WHOLE, tuple(row.open_positions for row in rows)),
        _texts("unpriced_instruments", (" ".join(row.unpriced) for row in rows)),
        _texts("missing_rates", (" ".join(row.missing_rates) for row in rows)),
        Column("event_time", Kind.TIME, tuple(row.event_time_ns for row in rows)),
    )


def cash_table(cash: Iterable[Cash]) -> Table:
    """Return the cash of accounts by currency."""
    rows = tuple(cash)
    return (
        _texts("account", (row.account for row in rows)),
        _texts("currency", (row.money.currency for row in rows)),
        _amounts("amount", (row.money.amount for row in rows)),
    )


def _texts(name: str, texts: Iterable[str]) -> Column:
    return Column(name, Kind.TEXT, tuple(texts))


def _amounts(name: str, amounts: Iterable[Decimal | None]) -> Column:
    return Column(name, Kind.EXACT, tuple(amounts))


def _numbers(
    name: str, integers: Integers, scale: int, known: Iterable[bool] | None = None
) -> Column:
    values = (Decimal(value).scaleb(-scale) for value in integers.tolist())
    shown = repeat(object=True, times=len(integers)) if known is None else known
    return _amounts(
        name, (value if is_known else None for value, is_known in zip(values, shown, strict=True))
    )
