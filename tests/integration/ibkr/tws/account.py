"""What the fake's account holds: positions, orders, executions, values."""

import re
from dataclasses import dataclass, field

from tests.integration.ibkr.tws.securities import AAPL, Security

NAME = "DU0000001"
# The fields of an openOrder message after the contract, in their order.
ORDER_FIELDS = re.findall(
    r"\w+",
    """
action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose origin orderRef
clientId permId outsideRth hidden discretionaryAmt goodAfterTime sharesAllocation faGroup faMethod
faPercentage faProfile modelCode goodTillDate rule80A percentOffset settlingFirm shortSaleSlot
designatedLocation exemptCode auctionStrategy startingPrice stockRefPrice delta stockRangeLower
stockRangeUpper displaySize blockOrder sweepToFill allOrNone minQty ocaType eTradeOnly
firmQuoteOnly nbboPriceCap parentId triggerMethod volatility volatilityType deltaNeutralOrderType
deltaNeutralAuxPrice continuousUpdate referencePriceType trailStopPrice trailingPercent basisPoints
basisPointsType comboLegsDescrip numLegs numOrderLegs numParams scaleInitLevelSize
scaleSubsLevelSize scalePriceIncrement hedgeType optOutSmartRouting clearingAccount clearingIntent
notHeld deltaNeutralPresent algoStrategy solicited whatIf status initMarginBefore
maintMarginBefore equityWithLoanBefore initMarginChange maintMarginChange equityWithLoanChange
initMarginAfter maintMarginAfter equityWithLoanAfter commission minCommission maxCommission
commissionCurrency warningText randomizeSize randomizePrice numConditions adjustedOrderType
triggerPrice trailStopPrice2 lmtPriceOffset adjustedStopPrice adjustedStopLimitPrice
adjustedTrailingAmount adjustableTrailingUnit tierName tierVal tierDisplayName cashQty
dontUseAutoPriceForHedge isOmsContainer discretionaryUpToLimitPrice usePriceMgmtAlgo duration
postToAts autoCancelParent minTradeQty minCompeteSize competeAgainstBestOffset midOffsetAtWhole
midOffsetAtHalf
""",
)
COUNTS = ("numLegs", "numOrderLegs", "numParams", "deltaNeutralPresent", "numConditions")


def order_fields(version: int) -> list[str]:
    return [name for name in ORDER_FIELDS if name != "faProfile" or version < 177]


@dataclass
class HeldPosition:
    security: Security
    quantity: float
    average_cost: float
    account: str = NAME

    def message(self) -> tuple[object, ...]:
        security = self.security
        return (
            *(61, 3, self.account, *security.short, security.exchange, security.currency),
            *(security.local, security.symbol, self.quantity, self.average_cost),
        )


@dataclass
class WorkingOrder:
    security: Security
    order_id: int
    perm_id: int
    action: str
    quantity: float
    limit: float
    filled: float = 0
    status: str = "Submitted"
    client_id: int = 7
    account: str = NAME

    def open_order(self, version: int) -> tuple[object, ...]:
        security = self.security
        known = {
            "action": self.action,
            "totalQuantity": self.quantity,
            "orderType": "LMT",
            "lmtPrice": self.limit,
            "tif": "GTC",
            "account": self.account,
            "clientId": self.client_id,
            "permId": self.perm_id,
            "status": self.status,
            **dict.fromkeys(COUNTS, 0),
        }
        return (
            *(5, self.order_id, *security.short, "SMART", security.currency),
            *(security.local, security.symbol),
            *(known.get(name, "") for name in order_fields(version)),
        )

    def status_message(self) -> tuple[object, ...]:
        remaining = self.quantity - self.filled
        counts = (self.filled, remaining, self.limit if self.filled else 0)
        return (
            *(3, self.order_id, self.status, *counts),
            *(self.perm_id, 0, 0, self.client_id, "", 0),
        )


@dataclass
class DoneExecution:
    security: Security
    execution_id: str
    order_id: int
    perm_id: int
    side: str
    quantity: float
    price: float
    time: str = "20260105-15:00:00"
    commission: float = 1.0
    client_id: int = 7
    account: str = NAME

    def details(self, request: object, version: int) -> tuple[object, ...]:
        security = self.security
        newer = (0,) if version >= 178 else ()
        done = (self.quantity, self.price, "", "", "", "", 2, *newer)
        return (
            *(11, request, self.order_id, *security.short, "SMART", security.currency),
            *(security.local, security.symbol, self.execution_id, self.time, self.account),
            *(security.exchange, self.side, self.quantity, self.price),
            *(self.perm_id, self.client_id, 0, *done),
        )

    def commission_report(self) -> tuple[object, ...]:
        return (59, 1, self.execution_id, self.commission, "USD", "", "", "")


@dataclass
class Account:
    names: tuple[str, ...] = (NAME,)
    positions: list[HeldPosition] = field(default_factory=lambda: [HeldPosition(AAPL, 100, 150.25)])
    orders: list[WorkingOrder] = field(
        default_factory=lambda: [WorkingOrder(AAPL, 5, 1001, "BUY", 10, 149.5, filled=4)]
    )
    executions: list[DoneExecution] = field(
        default_factory=lambda: [
            DoneExecution(AAPL, "0000e0d5.0001.01.01", 5, 1001, "BOT", 4, 149.5)
        ]
    )
    values: dict[str, tuple[str, str]] = field(
        default_factory=lambda: {
            "NetLiquidation": ("1015025.00", "USD"),
            "TotalCashValue": ("1000000.00", "USD"),
            "AccountType": ("INDIVIDUAL", ""),
        }
    )
