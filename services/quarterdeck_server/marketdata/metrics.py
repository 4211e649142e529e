"""What the market data area counts."""

from prometheus_client import Counter, Gauge, Histogram

PUBLISHED = Counter("quarterdeck_marketdata_published_rows_total", "Rows published.", ["kind"])
REJECTED = Counter(
    "quarterdeck_marketdata_rejected_requests_total", "Publish calls refused for a bad field."
)
CALENDAR_FAILURES = Counter(
    "quarterdeck_marketdata_calendar_failures_total", "Times trading hours could not be computed."
)
SECTOR_ROWS_REFUSED = Counter(
    "quarterdeck_marketdata_sector_rows_refused_total",
    "Rows of files of sectors that could not be accepted.",
)
THROTTLED = Counter(
    "quarterdeck_marketdata_throttled_requests_total",
    "Requests refused since their publisher sends too many rows.",
)
LATE = Counter(
    "quarterdeck_marketdata_late_rows_total", "Rows older than one of their topic.", ["kind"]
)
WAITING = Gauge("quarterdeck_marketdata_history_waiting_rows", "Rows waiting for the database.")
STORED = Counter("quarterdeck_marketdata_stored_rows_total", "Rows in history.", ["kind"])
DROPPED = Counter(
    "quarterdeck_marketdata_dropped_rows_total", "Rows that history will not have.", ["kind"]
)
RECOVERED = Counter(
    "quarterdeck_marketdata_recovered_rows_total",
    "Rows of an earlier process that were taken from the bus into history.",
    ["kind"],
)
HOLE_ROWS = Gauge(
    "quarterdeck_marketdata_hole_rows", "Rows missing in history that no backfill covered yet."
)
WRITE_SECONDS = Histogram(
    "quarterdeck_marketdata_history_write_seconds", "Time to store what waited."
)
WRITE_RETRIES = Counter(
    "quarterdeck_marketdata_history_retries_total", "Writes that were tried again."
)
RUNNING = Gauge("quarterdeck_marketdata_source_running", "1 while a source runs.", ["source"])
SOURCE_FAILURES = Counter(
    "quarterdeck_marketdata_source_failures_total", "Unexpected ends of a source.", ["source"]
)
BACKFILLED = Counter(
    "quarterdeck_marketdata_backfilled_rows_total", "Rows that backfills read.", ["source"]
)
BACKFILL_FAILURES = Counter(
    "quarterdeck_marketdata_backfill_failures_total",
    "Instruments, series and companies that a backfill could not read.",
    ["source"],
)
