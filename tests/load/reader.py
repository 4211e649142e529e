"""Reads with plain grpcio and checks every event: what a desk's own Python would see.

Run as `python -m tests.load.reader --address host:port --streams 100 --requests file`; the token is
in LOAD_TOKEN. Speaks as the compiled reader does: "open", then "measure" and "report". A process
reads some 200,000 events a second; for more, take several, or the compiled one.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import grpc
import uvloop

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub


class Tally:
    """What all streams of this process got."""

    def __init__(self) -> None:
        self.opened = self.ended = 0
        self.reset()

    def reset(self) -> None:
        """Begin to count anew."""
        self.events = self.frames = self.bytes = 0
        self.missing = self.repeated = self.gaps = self.skipped = 0
        self.delays: list[float] = []
        self.since, self.cpu_s = time.monotonic(), time.process_time()

    def report(self, streams: int) -> dict[str, Any]:
        """Return the counts by the names the compiled reader gives them."""
        delays = sorted(self.delays) or [0.0]
        shares = {"p50_ms": 0.5, "p90_ms": 0.9, "p99_ms": 0.99}
        return {
            "seconds": time.monotonic() - self.since,
            "streams": streams,
            **{name: getattr(self, name) for name in ("events", "frames", "bytes", "ended")},
            **{name: getattr(self, name) for name in ("missing", "repeated", "gaps", "skipped")},
            **{name: delays[int(len(delays) * share)] for name, share in shares.items()},
            "max_ms": delays[-1],
            "cpu_s": time.process_time() - self.cpu_s,
        }


class Reader:
    """One stream."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._last: dict[str, int] = {}

    async def run(self, stub: Any, request: bytes, token: str) -> None:
        """Read until the stream ends."""
        metadata = (("authorization", f"Bearer {token}"),)
        call = stub.Watch(pb.WatchRequest.FromString(request), metadata=metadata)
        first = True
        try:
            async for response in call:
                self._tally.opened += first
                first = False
                self._take(response)
        finally:
            self._tally.ended += 1

    def _take(self, response: pb.WatchResponse) -> None:
        tally, last = self._tally, self._last
        for control in response.controls:
            if control.HasField("skipped"):
                tally.skipped += 1
                last[control.skipped.topic] = control.skipped.last_sequence
            elif control.HasField("gap"):
                tally.gaps += 1
                last[control.gap.topic] = control.gap.last_lost_sequence
        for event in response.events:
            before = last.get(event.topic)
            if before and event.sequence != before + 1:
                tally.missing += max(0, event.sequence - before - 1)
                tally.repeated += event.sequence <= before
            last[event.topic] = event.sequence + event.rows - 1
        tally.frames += 1
        tally.events += len(response.events)
        tally.bytes += response.ByteSize()
        if response.events:
            tally.delays.append((time.time_ns() - response.events[0].publish_time_ns) / 1e6)


def split(data: bytes) -> list[bytes]:
    """Return the requests of a file, each with its length before it."""
    found = []
    while data:
        size = int.from_bytes(data[:4], "little")
        found.append(data[4 : 4 + size])
        data = data[4 + size :]
    return found


async def main() -> None:
    """Open the streams and obey."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--requests", type=Path, required=True)
    parser.add_argument("--streams", type=int, default=1)
    parser.add_argument("--connections", type=int, default=1)
    options = parser.parse_args()
    own = [("grpc.use_local_subchannel_pool", 1)]
    stubs: list[Any] = [
        StreamServiceStub(grpc.aio.insecure_channel(options.address, options=own))
        for _ in range(options.connections)
    ]
    requests, tally = split(options.requests.read_bytes()), Tally()
    token = os.environ["LOAD_TOKEN"]
    tasks = [
        asyncio.create_task(
            Reader(tally).run(stubs[n % len(stubs)], requests[n % len(requests)], token)
        )
        for n in range(options.streams)
    ]
    while tally.opened < options.streams:
        for task in tasks:
            if task.done():
                task.result()
        await asyncio.sleep(0.02)
    say("open")
    await obey(tally, options.streams)


async def obey(tally: Tally, streams: int) -> None:
    """Measure and report until the input ends."""
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := await lines.readline():
        if line.strip() == b"measure":
            tally.reset()
        else:
            say(json.dumps(tally.report(streams)))


def say(text: str) -> None:
    """Write a line that the caller reads at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(main())
