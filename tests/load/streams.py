"""Load on a stream worker: readers in plain grpcio, a publisher on the bus.

    python tests/load/streams.py --readers 100 --rate 1000 --seconds 10

starts a worker of its own (a local bus, one process), publishes ``rate`` events of ``size`` bytes a
second on ``topics`` topics and reads all of them with ``readers`` streams in ``processes``
processes. Each reader checks that no sequence number is missing or comes twice. The numbers go to
standard output as JSON. The readers are Python: beyond some 200,000 events a second a core they are
the limit, not the worker.
"""

import argparse
import asyncio
import json
import multiprocessing as mp
import resource
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "services"), str(ROOT / "clients" / "python")]

import grpc  # noqa: E402
import uvloop  # noqa: E402
from tests.integration.stream.served import bearer, notice, served  # noqa: E402

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb  # noqa: E402
from quarterdeck.api.stream.v1.stream_service_pb2_grpc import StreamServiceStub  # noqa: E402
from quarterdeck_server.runtime.bus import LocalBus  # noqa: E402
from quarterdeck_server.settings import Settings, StreamSettings  # noqa: E402

SAMPLE_EVERY = 50
TICK_S = 0.005


class Reader:
    """One stream: counts events, checks continuity, samples latencies."""

    def __init__(self) -> None:
        self.events = self.frames = self.faults = self.skipped = 0
        self.latencies: list[float] = []
        self._positions: dict[str, int] = {}

    async def run(self, channel: grpc.aio.Channel, topics: Sequence[str], delivery: str) -> None:
        wanted = [{"topic": topic, "delivery": delivery} for topic in topics]
        request = pb.WatchRequest(subscriptions=wanted)
        stub: Any = StreamServiceStub(channel)
        async for response in stub.Watch(request, metadata=bearer("load")):
            self._take(response)

    def _take(self, response: pb.WatchResponse) -> None:
        for control in response.controls:
            if control.HasField("skipped"):
                self.skipped += control.skipped.count
                self._positions[control.skipped.topic] = control.skipped.last_sequence
        self.frames += 1
        for event in response.events:
            last = self._positions.get(event.topic)
            if last is not None and event.sequence != last + 1:
                self.faults += 1
            self._positions[event.topic] = event.sequence
        self.events += len(response.events)
        if response.events and self.frames % SAMPLE_EVERY == 0:
            oldest = response.events[0].publish_time_ns
            self.latencies.append((time.time_ns() - oldest) / 1e6)


async def read(address: str, count: int, options: argparse.Namespace) -> dict[str, Any]:
    """Read with ``count`` streams over a few connections for the time asked for."""
    connections = [
        grpc.aio.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)])
        for _ in range(min(count, options.connections))
    ]
    readers = [Reader() for _ in range(count)]
    tasks = [
        asyncio.create_task(
            reader.run(connections[place % len(connections)], ["notices/*"], "DELIVERY_ALL")
        )
        for place, reader in enumerate(readers)
    ]
    await asyncio.sleep(options.warm)
    before = sum(reader.events for reader in readers), sum(reader.frames for reader in readers)
    for reader in readers:
        reader.latencies.clear()
    started = time.monotonic()
    await asyncio.sleep(options.seconds)
    took = time.monotonic() - started
    answer = {
        "events": sum(reader.events for reader in readers) - before[0],
        "frames": sum(reader.frames for reader in readers) - before[1],
        "faults": sum(reader.faults for reader in readers),
        "ended": sum(task.done() for task in tasks),
        "latencies": [ms for reader in readers for ms in reader.latencies],
        "took": took,
    }
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return answer


def read_in_process(
    address: str, count: int, options: argparse.Namespace, answers: "mp.Queue[Any]"
) -> None:
    """Run the readers of one process."""
    answers.put(uvloop.run(read(address, count, options)))


async def publish(bus: LocalBus, options: argparse.Namespace) -> None:
    """Publish at the rate, catching up when late."""
    topics = [f"notices/t{number}" for number in range(options.topics)]
    sequences = dict.fromkeys(topics, 0)
    started, sent = time.monotonic(), 0
    while True:
        due = int((time.monotonic() - started) * options.rate) - sent
        batch = []
        for number in range(sent, sent + due):
            topic = topics[number % len(topics)]
            sequences[topic] += 1
            batch.append(notice(topic, sequences[topic], size=options.size))
        sent += due
        await bus.publish(batch)
        await asyncio.sleep(TICK_S)


async def serve(options: argparse.Namespace, address: Any, stop: Any, usage: Any) -> None:
    """Run the worker with its publisher."""
    bus = LocalBus()
    settings = Settings(stream=StreamSettings(streams_per_principal=100_000))
    async with served(bus, settings) as deck:
        address.put(deck.address)
        publisher = asyncio.create_task(publish(bus, options))
        await asyncio.sleep(options.warm)
        before = resource.getrusage(resource.RUSAGE_SELF)
        await asyncio.to_thread(stop.wait)
        after = resource.getrusage(resource.RUSAGE_SELF)
        usage.put(
            (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, after.ru_maxrss)
        )
        publisher.cancel()


def serve_in_process(*arguments: Any) -> None:
    """Run the worker in this process."""
    uvloop.run(serve(*arguments))


def percentile(values: list[float], share: float) -> float:
    """Return a percentile of unsorted values; 0 without any."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0.0


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run worker and readers, and sum up."""
    context = mp.get_context("spawn")
    address, usage, answers = context.Queue(), context.Queue(), context.Queue()
    stop = context.Event()
    server = context.Process(target=serve_in_process, args=(options, address, stop, usage))
    server.start()
    target = address.get(timeout=30)
    share = max(1, options.readers // options.processes)
    clients = [
        context.Process(target=read_in_process, args=(target, share, options, answers))
        for _ in range(options.processes)
    ]
    for client in clients:
        client.start()
    found = [answers.get(timeout=options.seconds + options.warm + 60) for _ in clients]
    stop.set()
    cpu_s, rss_kib = usage.get(timeout=30)
    for process in (*clients, server):
        process.join(timeout=30)
    latencies = [ms for one in found for ms in one["latencies"]]
    took = max(one["took"] for one in found)
    return {
        "readers": share * len(clients),
        "published_per_s": options.rate,
        "delivered_per_s": round(sum(one["events"] for one in found) / took),
        "frames_per_s": round(sum(one["frames"] for one in found) / took),
        "p50_ms": round(percentile(latencies, 0.5), 2),
        "p99_ms": round(percentile(latencies, 0.99), 2),
        "faults": sum(one["faults"] for one in found),
        "ended": sum(one["ended"] for one in found),
        "server_cpu_s": round(cpu_s, 2),
        "server_rss_mib": round(rss_kib / 1024, 1),
    }


def main() -> None:
    """Read the options, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (
        ("readers", 100),
        ("rate", 1_000),
        ("topics", 10),
        ("size", 70),
        ("processes", 1),
        ("connections", 4),
        ("seconds", 5),
        ("warm", 2),
    ):
        parser.add_argument(f"--{name}", type=int, default=default)
    print(json.dumps(measure(parser.parse_args()), indent=2))


if __name__ == "__main__":
    main()
