"""What the analytics area counts and measures."""

from prometheus_client import Counter, Gauge, Histogram

RENDERED = Counter(
    "quarterdeck_analytics_rendered_reports_total",
    "Reports rendered, by what they are and their form.",
    ["report", "form"],
)
RENDERED_BYTES = Counter("quarterdeck_analytics_rendered_bytes_total", "Bytes of reports rendered.")
REFUSED = Counter(
    "quarterdeck_analytics_refused_reports_total",
    "Reports refused because their principal waited for too many already.",
)
RENDER = Histogram(
    "quarterdeck_analytics_render_seconds",
    "From the numbers to the bytes of a report, with the wait for others.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
LIVE = Histogram(
    "quarterdeck_analytics_live_performance_seconds",
    "Computing all metrics of a portfolio as of now.",
    buckets=(0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
READS = Counter(
    "quarterdeck_analytics_history_reads_total",
    "Readings of finished days for live performance.",
)
READERS = Gauge("quarterdeck_analytics_performance_readers", "Open streams of performance.")
EXECUTIONS = Histogram(
    "quarterdeck_analytics_executions_seconds",
    "Measuring the execution quality of orders, with the reading of prices.",
    buckets=(0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
EXECUTED_ORDERS = Counter(
    "quarterdeck_analytics_executed_orders_total", "Orders whose execution quality was measured."
)
QUALITY_READERS = Gauge(
    "quarterdeck_analytics_quality_readers", "Open streams of execution quality."
)
