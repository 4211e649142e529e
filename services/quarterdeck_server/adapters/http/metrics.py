"""What is counted of the requests to vendors."""

from prometheus_client import Counter, Histogram

REQUESTS = Counter(
    "quarterdeck_marketdata_vendor_requests_total",
    "Requests to vendors by how they ended.",
    ["source", "outcome"],
)
SECONDS = Histogram(
    "quarterdeck_marketdata_vendor_request_seconds", "Time of a request to a vendor.", ["source"]
)
QUOTA_WAIT_SECONDS = Counter(
    "quarterdeck_marketdata_vendor_quota_wait_seconds_total",
    "Time that requests waited for a vendor's quota.",
    ["source"],
)
