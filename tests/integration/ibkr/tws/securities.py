"""What the fake trades, and how it describes it."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Security:
    con_id: int
    symbol: str
    kind: str
    exchange: str
    currency: str
    min_tick: float
    name: str
    local_symbol: str = ""
    expiry: str = ""
    multiplier: str = ""
    min_size: str = "1"
    size_increment: str = "1"

    @property
    def short(self) -> tuple[object, ...]:
        """The fields from contract number to multiplier."""
        return (self.con_id, self.symbol, self.kind, self.expiry, 0, "", self.multiplier)

    @property
    def local(self) -> str:
        return self.local_symbol or self.symbol

    def is_asked_for(self, contract: Sequence[str]) -> bool:
        """Tell whether the twelve fields of a request's contract fit."""
        con_id, symbol, kind, expiry, _, _, _, exchange, primary, currency, local, _ = contract
        if con_id not in ("", "0"):
            return int(con_id) == self.con_id
        return all(
            given in ("", mine)
            for given, mine in (
                (symbol, self.symbol),
                (kind, self.kind),
                (expiry, self.expiry),
                ("" if exchange == "SMART" else exchange, self.exchange),
                (primary, self.exchange),
                (currency, self.currency),
                (local, self.local),
            )
        )

    def details(self, request: str, routed: str) -> tuple[object, ...]:
        """The fields of a contractDetails message."""
        market = (self.local, self.symbol, self.symbol, self.con_id, self.min_tick)
        valid = f"SMART,{self.exchange}"
        company = (self.name, self.exchange, self.expiry[:6], "", "", "", "US/Eastern", "", "")
        last = ("1", "", "", "26", self.expiry, "", self.min_size, self.size_increment, "1")
        return (
            *(10, request, self.symbol, self.kind, self.expiry, 0, "", routed, self.currency),
            *market,
            *(self.multiplier, "LMT,MKT", valid, 1, 0),
            *company,
            *("", "", 0),
            *last,
        )


AAPL = Security(265598, "AAPL", "STK", "NASDAQ", "USD", 0.01, "APPLE INC")
MSFT = Security(272093, "MSFT", "STK", "NASDAQ", "USD", 0.01, "MICROSOFT CORP")
EURUSD = Security(
    *(12087792, "EUR", "CASH", "IDEALPRO", "USD", 0.00005, "European Monetary Union Euro"),
    local_symbol="EUR.USD",
    min_size="0.01",
    size_increment="0.01",
)
ESZ6 = Security(
    *(495512563, "ES", "FUT", "CME", "USD", 0.25, "E-mini S&P 500"),
    local_symbol="ESZ6",
    expiry="20261218",
    multiplier="50",
)
