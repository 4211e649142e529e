"""What the connection to Interactive Brokers counts."""

from prometheus_client import Counter, Gauge

CONNECTED = Gauge("quarterdeck_marketdata_ibkr_connections", "Open connections to the TWS.")
LOST = Counter(
    "quarterdeck_marketdata_ibkr_connections_lost_total",
    "Connections that ended unasked.",
    ["cause"],
)
MESSAGES = Counter(
    "quarterdeck_marketdata_ibkr_errors_total", "Errors and warnings the TWS sent.", ["code"]
)
MALFORMED = Counter(
    "quarterdeck_marketdata_ibkr_malformed_messages_total", "Messages that could not be read."
)
REFUSED = Counter(
    "quarterdeck_marketdata_ibkr_refused_subscriptions_total",
    "Subscriptions the TWS refused or ended.",
    ["kind"],
)
RESUBSCRIBED = Counter(
    "quarterdeck_marketdata_ibkr_resubscriptions_total", "Subscriptions made again after a loss."
)
WITHHELD = Counter(
    "quarterdeck_marketdata_ibkr_withheld_rows_total",
    "Rows that were not published since they cannot be right.",
    ["kind"],
)
