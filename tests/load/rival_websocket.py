"""A stream of events on FastAPI and uvicorn WebSockets, written as its users write it.

Runs in the environment of ``requirements/peers.txt``: takes messages from a Redis channel, the
address in REDIS_URL, and sends each to every client. Says "ready" and its port.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from redis import asyncio as redis

CHANNEL = "load"


class Manager:
    """The clients, as in FastAPI's own documentation."""

    def __init__(self) -> None:
        self.clients: set[WebSocket] = set()

    async def broadcast(self, text: str) -> None:
        """Send a text to every client."""
        sends = (client.send_text(text) for client in tuple(self.clients))
        await asyncio.gather(*sends, return_exceptions=True)


manager = Manager()


async def follow() -> None:
    """Pass on what the channel brings."""
    async with redis.Redis.from_url(os.environ["REDIS_URL"]).pubsub() as channel:
        await channel.subscribe(CHANNEL)
        async for message in channel.listen():
            if message["type"] == "message":
                await manager.broadcast(message["data"].decode())


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Follow the channel while the application runs."""
    task = asyncio.create_task(follow())
    yield
    task.cancel()


app = FastAPI(lifespan=lifespan)


@app.websocket("/load")
async def load(client: WebSocket) -> None:
    """Keep a client until it leaves."""
    await client.accept()
    manager.clients.add(client)
    try:
        while True:
            await client.receive_text()
    except WebSocketDisconnect:
        manager.clients.discard(client)


if __name__ == "__main__":
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(4096)
    sys.stdout.write(f"ready {listener.getsockname()[1]}\n")
    sys.stdout.flush()
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws_per_message_deflate=False))
    server.run(sockets=[listener])
