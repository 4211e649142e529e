"""One end of the way of a quote: ``python -m tests.load.ends publish|read --address host:port``.

Plain grpcio, a process for each end, so that neither waits for the other's Python. The publisher
puts the time before its call into the quote; the reader compares it with the time it got it. The
token is in LOAD_TOKEN; the reader prints its delays in milliseconds as JSON when its input ends.
"""

import argparse
import json
import os
import sys
import threading
import time
from typing import Any

import grpc
from tests.load.feed import instrument, topic

from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceStub
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.stream.v1.stream_service_pb2 import WatchRequest
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub

PAUSE_S = 0.01
NUMBER = 1


def metadata() -> tuple[tuple[str, str], ...]:
    """Say who calls."""
    return (("authorization", f"Bearer {os.environ['LOAD_TOKEN']}"),)


def publish(address: str, count: int) -> None:
    """Publish quotes one by one, with pauses; print how long each call took."""
    stub: Any = IngestServiceStub(grpc.insecure_channel(address))
    calls = []
    for number in range(count):
        now = time.time_ns()
        bid = 10_000 + number % 50
        quote = QuoteBatch(
            instrument=instrument(NUMBER),
            price_precision=2,
            event_time_ns=[now],
            bid_price=[bid],
            ask_price=[bid + 1],
            bid_size=[1],
            ask_size=[1],
        )
        stub.Publish(PublishRequest(quotes=[quote]), metadata=metadata())
        calls.append((time.time_ns() - now) / 1e6)
        time.sleep(PAUSE_S)
    sys.stdout.write(json.dumps(calls) + "\n")


def read(address: str) -> None:
    """Note the delay of each quote until the input ends."""
    stub: Any = StreamServiceStub(grpc.insecure_channel(address))
    wanted = [{"topic": topic(NUMBER), "delivery": "DELIVERY_ALL"}]
    call = stub.Watch(WatchRequest(subscriptions=wanted), metadata=metadata())
    delays: list[float] = []

    def take() -> None:
        for response in call:
            now = time.time_ns()
            delays.extend((now - one.quotes.event_time_ns[0]) / 1e6 for one in response.events)
            if response.controls and response.controls[0].HasField("session_opened"):
                sys.stdout.write("open\n")
                sys.stdout.flush()

    threading.Thread(target=take, daemon=True).start()
    sys.stdin.read()
    sys.stdout.write(json.dumps(delays) + "\n")
    sys.stdout.flush()
    os._exit(0)


def main() -> None:
    """Be one end."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("role", choices=["publish", "read"])
    parser.add_argument("--address", required=True)
    parser.add_argument("--count", type=int, default=500)
    options = parser.parse_args()
    if options.role == "publish":
        publish(options.address, options.count)
    else:
        read(options.address)


if __name__ == "__main__":
    main()
