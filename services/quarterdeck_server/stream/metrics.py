"""What the stream counts."""

from collections.abc import Mapping

from prometheus_client import Counter, Gauge, Histogram

from quarterdeck_server.stream.engine.reader import Sent

CONNECTIONS = Gauge("quarterdeck_stream_connections", "Open streams.")
GROUPS = Gauge("quarterdeck_stream_groups", "Sets of subscriptions that streams share.")
TOPICS = Gauge("quarterdeck_stream_topics", "Topics with events.")
RING_BYTES = Gauge("quarterdeck_stream_ring_bytes", "Bytes of events kept for resumption.")
PUBLISHED = Counter("quarterdeck_stream_published_total", "Events taken from the bus.")
LEFT_OUT = Counter(
    "quarterdeck_stream_left_out_total", "Messages of the bus that were left out.", ["reason"]
)
MISSING = Counter(
    "quarterdeck_stream_missing_total", "Sequence numbers that never came over the bus."
)
EVENTS = Counter("quarterdeck_stream_events_total", "Events sent.")
FRAMES = Counter("quarterdeck_stream_frames_total", "Frames sent.")
BYTES = Counter("quarterdeck_stream_bytes_total", "Bytes sent.")
SKIPPED = Counter("quarterdeck_stream_skipped_total", "Sequence numbers left out for slow readers.")
LOST = Counter("quarterdeck_stream_lost_total", "Sequence numbers announced as lost to readers.")
CUT = Counter("quarterdeck_stream_cut_total", "Readers cut since they were too slow.")
STALE = Gauge("quarterdeck_stream_stale_topics", "Topics whose source is silent.", ["kind"])
ALERTS = Counter(
    "quarterdeck_stream_alerts_total", "Alerts of silent sources.", ["channel", "outcome"]
)
REFUSED_OPENINGS = Counter(
    "quarterdeck_stream_refused_openings_total", "Streams refused since opened too often."
)
WORKERS = Gauge("quarterdeck_stream_workers", "Stream workers that are heard of.")
PASSED_ON = Counter(
    "quarterdeck_stream_passed_on_total", "Calls for streams that another worker serves."
)
REPAIRS = Counter(
    "quarterdeck_stream_repairs_total", "Losses of the bus in durable topics.", ["outcome"]
)
COMMISSIONS = Gauge(
    "quarterdeck_stream_commissions",
    "Topics that somebody reads here and that are made for it, or not.",
    ["state"],
)
COMMISSION_FAILURES = Counter(
    "quarterdeck_stream_commission_failures_total",
    "Ends of what makes a topic while somebody reads it, by reason.",
    ["reason"],
)
LATENCY = Histogram(
    "quarterdeck_stream_publish_to_write_seconds",
    "Time from the publication of an event to its write, sampled.",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0),
)


def add_taken(before: Mapping[str, int], after: Mapping[str, int]) -> None:
    """Count what was taken from the bus since ``before``, and what was not, and why."""
    PUBLISHED.inc(after["published"] - before["published"])
    MISSING.inc(after["lost"] - before["lost"])
    for reason in ("duplicate", "outdated", "unknown_kind"):
        LEFT_OUT.labels(reason).inc(after[reason] - before[reason])


def add_sent(before: Sent, after: Sent) -> None:
    """Count what was sent since ``before``."""
    EVENTS.inc(after.events - before.events)
    FRAMES.inc(after.frames - before.frames)
    BYTES.inc(after.bytes - before.bytes)
    SKIPPED.inc(after.skipped - before.skipped)
    LOST.inc(after.lost - before.lost)
