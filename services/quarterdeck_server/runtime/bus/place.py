"""Where the streams of the bus are: one Redis server, or the masters of a Redis Cluster.

Each user of the bus has a connection of its own and learns of every break of it, since whoever
goes on after a break must ask what was lost meanwhile. Nothing here repeats a command by itself.
"""

import asyncio
from typing import Any, Protocol
from urllib.parse import urlsplit

import redis.asyncio as redis
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.runtime.bus.failure import AWAY

CLUSTER = "+cluster"
CONNECT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 1.25
"""A server that is silent for so long counts as away; longer than any reader waits for entries."""
REFRESH_PAUSE_S = 0.05


class Place(Protocol):
    """Knows which server has a key."""

    async def connect(self, key: str, /) -> redis.Redis:
        """Return a connection to the server that has a key now."""
        ...

    async def close(self) -> None:
        """Close what this place itself has open."""
        ...


def place_of(url: str) -> Place:
    """Return the place an address names: ``redis+cluster://`` is a cluster."""
    scheme, _, rest = url.partition("://")
    try:
        if scheme.endswith(CLUSTER):
            return Cluster(f"{scheme.removesuffix(CLUSTER)}://{rest}")
        return OneServer(url)
    except ValueError:
        # Without the cause, whose text may show a part of the password.
        raise InvalidField("redis.url", "is no address of a Redis server or cluster") from None


class OneServer:
    """A Redis server that has every key."""

    def __init__(self, url: str) -> None:
        parse_url(url)  # raises ValueError now rather than at each connection
        self._url = url

    async def connect(self, _key: str, /) -> redis.Redis:
        """Return a connection to the server."""
        return await _opened(redis.Redis.from_url(self._url, **_options()))

    async def close(self) -> None:
        """Return: nothing is open."""


class Cluster:
    """A Redis Cluster; ``url`` names some of its nodes, with commas between them."""

    def __init__(self, url: str) -> None:
        self._nodes, self._options = _parse(url)
        self._cluster: RedisCluster | None = None
        self._turn = asyncio.Lock()
        self._refreshed_at = 0.0

    async def connect(self, key: str, /) -> redis.Redis:
        """Return a connection to the master that has the slot of a key now."""
        async with self._turn:
            cluster = await self._refreshed()
        node = cluster.get_node_from_key(key)
        if node is None:
            raise redis.ConnectionError(f"no master has the slot of {key}")
        return await _opened(
            redis.Redis(host=node.host, port=int(node.port), **self._options, **_options())
        )

    async def close(self) -> None:
        """Close the connections that asked for the topology."""
        if self._cluster is not None:
            await self._cluster.aclose()

    async def _refreshed(self) -> RedisCluster:
        """Return the cluster as it is now: who connects does so for the first time, or again."""
        now = asyncio.get_running_loop().time()
        if self._cluster is None:
            seeds = [ClusterNode(host, port) for host, port in self._nodes]
            self._cluster = RedisCluster(
                startup_nodes=seeds,
                retry=Retry(NoBackoff(), 0),
                socket_connect_timeout=CONNECT_TIMEOUT_S,
                socket_timeout=CONNECT_TIMEOUT_S,
                **self._options,
            )
            await self._cluster.initialize()
        elif now - self._refreshed_at > REFRESH_PAUSE_S:
            await self._cluster.nodes_manager.initialize()
        self._refreshed_at = asyncio.get_running_loop().time()
        return self._cluster


def _parse(url: str) -> tuple[list[tuple[str, int]], dict[str, Any]]:
    """Return the nodes an address names, and how to sign in."""
    parts = urlsplit(url)
    account, _, hosts = parts.netloc.rpartition("@")
    first, *others = hosts.split(",")
    known = parse_url(f"{parts.scheme}://{account}{'@' * bool(account)}{first}")
    nodes = [(str(known.get("host", "localhost")), int(known.get("port", 6379)))]
    for other in others:
        host, _, port = other.rpartition(":")
        nodes.append((host, int(port)))
    account_of = ("username", "password")
    options: dict[str, Any] = {name: value for name, value in known.items() if name in account_of}
    return nodes, {**options, "ssl": parts.scheme == "rediss"}


def _options() -> dict[str, Any]:
    return {
        "single_connection_client": True,
        "retry": Retry(NoBackoff(), 0),
        "socket_connect_timeout": CONNECT_TIMEOUT_S,
        "socket_timeout": ANSWER_TIMEOUT_S,
    }


async def _opened(client: redis.Redis) -> redis.Redis:
    try:
        return await client.initialize()
    except AWAY:
        await client.aclose()
        raise


async def run_of(client: redis.Redis) -> str:
    """Return what tells one run of a server from the next, and a master from its replica."""
    about = await client.info("replication")
    return str(about.get("master_replid", ""))
