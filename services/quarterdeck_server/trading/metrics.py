"""What the trading area counts and measures."""

from collections import Counter as Counted

from prometheus_client import Counter, Gauge, Histogram

from quarterdeck_server.trading.domain.batch import Batch

EVENTS = Counter(
    "quarterdeck_trading_events_total",
    "Events recorded, by kind; known ones are duplicates.",
    ["kind"],
)
RECORD = Histogram(
    "quarterdeck_trading_record_seconds",
    "From a batch to its commit.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
UNPUBLISHED = Gauge(
    "quarterdeck_trading_unpublished_records", "Committed records that the bus does not hold yet."
)
FLUSH = Histogram(
    "quarterdeck_trading_flush_seconds",
    "Valuing what prices and fills touched.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1),
)
PRICES_REFUSED = Counter(
    "quarterdeck_trading_prices_refused_total", "Prices that cannot be prices."
)
READERS = Gauge("quarterdeck_trading_portfolio_readers", "Open portfolio streams.")
LOG_READERS = Gauge("quarterdeck_trading_log_readers", "Open streams of the trading log.")
LOG_SENT = Counter(
    "quarterdeck_trading_log_sent_events_total", "Events sent to readers of the trading log."
)
NODES = Gauge("quarterdeck_trading_nodes", "Nodes by state.", ["state"])
LATE = Counter(
    "quarterdeck_trading_late_fills_total", "Fills that came after a later one of their position."
)
OPENINGS_LEFT_OUT = Counter(
    "quarterdeck_trading_openings_left_out_total",
    "Registrations whose opening balances were not taken: the account had a deposit before.",
)
RESTATEMENTS_WAITING = Gauge(
    "quarterdeck_trading_waiting_restatements", "Changes of the past that curves do not show yet."
)
RESTATED = Counter(
    "quarterdeck_trading_restated_points_total", "Points of curves told anew after late events."
)
ROWS_REFUSED = Counter(
    "quarterdeck_trading_rows_refused_total", "Rows of imported files that were not accepted."
)
BUCKETS = Counter(
    "quarterdeck_trading_rollup_buckets_total",
    "Buckets of rollups that were written, by what they fold.",
    ["kind"],
)
UNSTORED = Gauge(
    "quarterdeck_trading_unstored_points", "Points of curves that wait for the database."
)
LAG = Gauge(
    "quarterdeck_trading_curve_lag_seconds",
    "For how long the oldest point has waited; rollups are as new as the points that are stored.",
)
DROPPED = Counter(
    "quarterdeck_trading_dropped_parts_total", "Parts of curves dropped past their retention."
)
BREAKS = Counter(
    "quarterdeck_trading_breaks_total", "Breaks found for the first time, by kind.", ["kind"]
)
OPEN_BREAKS = Gauge("quarterdeck_trading_open_breaks", "Open breaks, by kind.", ["kind"])


def counted(batch: Batch) -> None:
    """Count the events of a batch."""
    for kind, count in Counted(event.kind for event in batch.events).items():
        EVENTS.labels(kind).inc(count)
    EVENTS.labels("known").inc(batch.duplicates)
    LATE.inc(sum(fill.is_late for fill, _ in batch.new_fills))
