"""What the bus counts."""

from prometheus_client import Counter, Gauge

LOST = Counter("quarterdeck_bus_losses_total", "Times a reader of the bus may have lost messages.")
UNREADABLE = Counter("quarterdeck_bus_unreadable_total", "Entries of the bus that are no batch.")
BROKEN = Counter(
    "quarterdeck_bus_broken_connections_total", "Connections to the bus that broke.", ["use"]
)
WRITTEN_AGAIN = Counter(
    "quarterdeck_bus_written_again_total", "Acknowledged entries that a failover lost, repaired."
)
AWAY = Gauge("quarterdeck_bus_away_readers", "Readers of the bus that it does not answer.")
