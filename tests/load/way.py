"""The way of market data through a whole deck.

One quote after another on an idle deck, publisher to reader, direct and through the edge; then as
many as go in batches, into the stream and into history at once. Services, stream worker, bus,
database, edge, publisher and reader are processes of their own.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

import grpc
from tests.instruments import upsert
from tests.load.deck import ROOT, Deck, deck
from tests.load.feed import instrument
from tests.load.readers import watching
from tests.load.results import Figure, figure
from tests.load.shapes import Shape
from tests.load.table import Progress

from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.ingest_service_pb2_grpc import IngestServiceStub
from quarterdeck.api.marketdata.v1.instrument_service_pb2_grpc import InstrumentServiceStub
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch

WARM_UP = 50
QUOTES = 500
INSTRUMENTS, ROWS, REQUESTS, IN_FLIGHT = 50, 200, 40, 4
PATIENCE_S = 60.0


def end(role: str, address: str, token: str, *options: str) -> subprocess.Popen[str]:
    """Start one end of the way."""
    command = [sys.executable, "-m", "tests.load.ends", role, f"--address={address}", *options]
    paths = ":".join((str(ROOT), *filter(None, sys.path)))
    environment = {"PYTHONPATH": paths, "LOAD_TOKEN": token}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=environment)


def delays_ms(publish_at: str, read_at: str, token: str) -> tuple[list[float], list[float]]:
    """Return how long each quote took to its reader, and each call to its answer."""
    reader = end("read", read_at, token)
    assert reader.stdout is not None
    assert reader.stdout.readline() == "open\n"
    publisher = end("publish", publish_at, token, f"--count={QUOTES + WARM_UP}")
    calls, _ = publisher.communicate(timeout=120)
    time.sleep(0.2)
    delays, _ = reader.communicate(timeout=10)
    return json.loads(delays)[WARM_UP:], json.loads(calls)[WARM_UP:]


def share(values: Sequence[float], part: float) -> float:
    """Return a percentile."""
    return sorted(values)[int(len(values) * part)]


def idle(running: Deck, samples: int) -> dict[str, Figure]:
    """Measure quotes one by one."""
    found = {}
    direct = running.services, running.streams[0]
    for name, ends in (("watch_idle", direct), ("watch_idle_envoy", (running.edge, running.edge))):
        runs = [delays_ms(*ends, running.token()) for _ in range(samples)]
        found[f"{name}_p50_ms"] = figure([share(delays, 0.5) for delays, _ in runs], "ms")
        found[f"{name}_p99_ms"] = figure([share(delays, 0.99) for delays, _ in runs], "ms")
        calls = [share(calls, 0.5) for _, calls in runs]
        found[f"{name.replace('watch', 'publish')}_p50_ms"] = figure(calls, "ms")
    return found


async def batches(running: Deck, sample: int) -> tuple[float, float]:
    """Publish batches of quotes; return rows a second acknowledged, and stored."""
    metadata = (("authorization", f"Bearer {running.token()}"),)
    async with grpc.aio.insecure_channel(running.services) as channel:
        stub: Any = IngestServiceStub(channel)
        gate = asyncio.Semaphore(IN_FLIGHT)

        async def publish(number: int) -> Any:
            async with gate:
                return await stub.Publish(request(number), metadata=metadata)

        started = time.perf_counter()
        numbers = range(sample * REQUESTS, (sample + 1) * REQUESTS)
        answers = await asyncio.gather(*map(publish, numbers))
        took = time.perf_counter() - started
        # Of the instrument that is asked for below: others may have had quotes before.
        last = max(answer.acknowledgements[-1].last_sequence for answer in answers)
        await stored(stub, last, metadata)
        rows = INSTRUMENTS * ROWS * REQUESTS
        return rows / took, rows / (time.perf_counter() - started)


async def stored(stub: Any, last: int, metadata: Any) -> None:
    """Wait until history holds the batches; publishes a row to learn of it."""
    give_up_at = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_at:
        probe = PublishRequest(quotes=[quotes(INSTRUMENTS - 1, 1)])
        answer = await stub.Publish(probe, metadata=metadata)
        if answer.acknowledgements[0].durable_through >= last:
            return
        await asyncio.sleep(0.005)
    raise TimeoutError("history does not keep up")


def request(number: int) -> PublishRequest:
    """Return one request with quotes of every instrument."""
    return PublishRequest(quotes=[quotes(one, ROWS, number) for one in range(INSTRUMENTS)])


def quotes(number: int, rows: int, salt: int = 0) -> QuoteBatch:
    """Return quotes of an instrument, a microsecond apart."""
    now = time.time_ns()
    bids = [10_000 + (salt + row) % 100 for row in range(rows)]
    return QuoteBatch(
        instrument=instrument(number),
        price_precision=2,
        event_time_ns=[now + 1_000 * row for row in range(rows)],
        bid_price=bids,
        ask_price=[bid + 1 for bid in bids],
        bid_size=[100] * rows,
        ask_size=[200] * rows,
    )


def ingest(running: Deck, samples: int) -> dict[str, Figure]:
    """Measure batches, with a reader of everything that checks every sequence number."""
    every = Shape("ingest", streams=1, connections=1)
    address, token = running.streams[0], running.token()
    with watching(address, token, every.requests(), streams=1, connections=1) as readers:
        readers.measure()
        rates = [asyncio.run(batches(running, sample)) for sample in range(samples)]
        time.sleep(1)
        got = readers.report()
    wanted = samples * INSTRUMENTS * ROWS * REQUESTS
    assert got["events"] >= wanted, f"the reader got {got['events']} of {wanted}"
    assert not got["missing"] + got["repeated"] + got["gaps"], got
    return {
        "ingest_whole_events_per_s": figure([out for out, _ in rates], "1/s"),
        "ingest_whole_stored_per_s": figure([kept for _, kept in rates], "1/s"),
    }


def describe(running: Deck) -> None:
    """Make the instruments known."""
    metadata = (("authorization", f"Bearer {running.token()}"),)
    with grpc.insecure_channel(running.services) as channel:
        stub: Any = InstrumentServiceStub(channel)
        for number in range(INSTRUMENTS):
            stub.UpsertInstrument(upsert(instrument(number)), metadata=metadata)


def measure(samples: int) -> dict[str, Figure]:
    """Measure everything on one deck."""
    with Progress(2) as progress, deck() as running:
        describe(running)
        progress.step("one quote after another")
        found = idle(running, samples)
        progress.step("batches into stream and history")
        found |= ingest(running, samples)
    return found
