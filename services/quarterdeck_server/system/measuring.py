"""Reads the measurements of this process and of the others."""

import asyncio
from collections.abc import Iterable, Sequence

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.registry import CollectorRegistry

from quarterdeck_server.runtime.compute import Compute
from quarterdeck_server.system.domain.metric import PROCESS, Metric, up
from quarterdeck_server.system.ports import MetricSource

PATIENCE_S = 2.0
REQUEST = b"GET /metrics HTTP/1.0\r\n\r\n"
LARGEST_ANSWER = 16 * 1024 * 1024


class RegistrySource:
    """The measurements of this process."""

    def __init__(self, process: str, registry: CollectorRegistry, compute: Compute) -> None:
        self._process, self._registry, self._compute = process, registry, compute

    async def read(self, prefix: str) -> list[Metric]:
        """Return the values whose names begin with the prefix."""
        return await self._compute.thread(self._collect, prefix)

    def _collect(self, prefix: str) -> list[Metric]:
        samples = _samples(self._registry.collect(), self._process, prefix)
        return [*_state(self._process, prefix, is_up=True), *samples]


class ScrapedSource:
    """The measurements of another process, in Prometheus' text format."""

    def __init__(self, process: str, address: str, compute: Compute) -> None:
        self._process, self._compute = process, compute
        self._host, _, self._port = address.rpartition(":")

    async def read(self, prefix: str) -> list[Metric]:
        """Return the values whose names begin with the prefix; of a process that is away, none."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                text = await self._fetch()
            samples = await self._compute.thread(_parse, text, self._process, prefix)
        except (OSError, TimeoutError, ValueError):
            return _state(self._process, prefix, is_up=False)
        return [*_state(self._process, prefix, is_up=True), *samples]

    async def _fetch(self) -> str:
        reader, writer = await asyncio.open_connection(self._host, int(self._port))
        try:
            writer.write(REQUEST)
            answer = await _read_all(reader)
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head.partition(b"\r\n")[0]:
            raise ValueError("the metrics page was refused")
        return body.decode()


async def read_all(sources: Sequence[MetricSource], prefix: str) -> list[Metric]:
    """Read every process at once."""
    answers = await asyncio.gather(*(source.read(prefix) for source in sources))
    return [metric for answer in answers for metric in answer]


async def _read_all(reader: asyncio.StreamReader) -> bytes:
    parts, size = [], 0
    while part := await reader.read(1 << 16):
        parts.append(part)
        size += len(part)
        if size > LARGEST_ANSWER:
            raise ValueError("the metrics page is too large")
    return b"".join(parts)


def _parse(text: str, process: str, prefix: str) -> list[Metric]:
    return _samples(text_string_to_metric_families(text), process, prefix)


def _samples(families: Iterable[Family], process: str, prefix: str) -> list[Metric]:
    return [
        Metric(sample.name, {**sample.labels, PROCESS: process}, sample.value)
        for family in families
        for sample in family.samples
        if sample.name.startswith(prefix)
    ]


def _state(process: str, prefix: str, *, is_up: bool) -> list[Metric]:
    return [up(process, is_up=is_up)] if "up".startswith(prefix) else []
