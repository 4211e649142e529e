"""Fills on the wire, asked of the trading area with the caller's own token."""

from dataclasses import dataclass

from quarterdeck.api.trading.v1 import fill_pb2, order_pb2, trading_event_service_pb2
from quarterdeck.api.trading.v1.trading_event_service_pb2_grpc import TradingEventServiceStub
from quarterdeck_server.analytics.domain.attribution.clock import Clock
from quarterdeck_server.analytics.domain.fill import Fill
from quarterdeck_server.analytics.domain.subject import Period, Portfolio
from quarterdeck_server.analytics.peers import TRADING, TradingPeer
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.convert import (
    LATEST_NS,
    decimal_from,
    timestamp_from,
    timestamp_to,
)
from quarterdeck_server.runtime.peers import Peers

PAGE = 1_000
MOST_FILLS = 200_000
ANY_DAY = Period(0, 0)


@dataclass(frozen=True, slots=True)
class FillPeer:
    """The fills of accounts and strategies; days are trading days."""

    peers: Peers
    clock: Clock

    async def fills(self, portfolio: Portfolio, period: Period) -> list[Fill]:
        """Return the fills of a period, oldest first; refuses more than a table holds.

        Fails with NotFound.
        """
        stub = TradingEventServiceStub(self.peers.channel("trading"))
        start_ns, end_ns = self.clock.window(period.start, period.end, LATEST_NS)
        request = trading_event_service_pb2.ListFillsRequest(
            account=portfolio.account,
            strategy=portfolio.strategy,
            start_time=timestamp_to(start_ns),
            end_time=timestamp_to(end_ns),
            page_size=PAGE,
        )
        found: list[Fill] = []
        async for page in TRADING.pages(stub.ListFills, request):
            found += (_fill_from(one) for one in page.fills)
            if len(found) > MOST_FILLS:
                problem = f"has more than {MOST_FILLS:,} fills in these days; ask for fewer days"
                raise InvalidField("subject", problem)
        if not found:
            # Nobody has no fills, too: whose daily equity is known exists.
            trading = TradingPeer(self.peers)
            await trading.daily_equity(portfolio.account, portfolio.strategy, ANY_DAY)
        return found[::-1]


def _fill_from(message: fill_pb2.Fill) -> Fill:
    liquidity = fill_pb2.LiquiditySide.Name(message.liquidity_side)
    return Fill(
        time_ns=timestamp_from(message.event_time, "event_time"),
        account=message.account,
        strategy=message.strategy,
        instrument=message.instrument,
        side=order_pb2.OrderSide.Name(message.side).removeprefix("ORDER_SIDE_").lower(),
        quantity=decimal_from(message.quantity, "quantity"),
        price=decimal_from(message.price, "price"),
        fee=decimal_from(message.fee, "fee") if message.HasField("fee") else None,
        fee_currency=message.fee_currency,
        liquidity=liquidity.removeprefix("LIQUIDITY_SIDE_").lower(),
        trade_id=message.trade_id,
        client_order_id=message.client_order_id,
        late=message.late,
        order_unknown=message.order_unknown,
        busted=message.busted,
        correction_count=message.correction_count,
    )
