"""A TCP proxy that can stop forwarding without a word, and break connections."""

import asyncio
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Forwards to a port on this machine until it is told to do otherwise."""

    target: int
    port: int = 0
    connections: int = 0
    _flowing: asyncio.Event = field(default_factory=asyncio.Event)
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        self._flowing.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def freeze(self) -> None:
        """Hold what arrives on the connections there are; later ones are not affected."""
        self._flowing.clear()
        self._flowing = asyncio.Event()
        self._flowing.set()

    def reset(self) -> None:
        """Break every connection, as a machine does that loses its power supply."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.reset()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self.target)
        self._writers += [writer, onward_writer]
        flowing = self._flowing
        for source, sink in ((reader, onward_writer), (onward_reader, writer)):
            task = asyncio.create_task(self._forward(source, sink, flowing))
            self._tasks.add(task)

    @staticmethod
    async def _forward(
        source: asyncio.StreamReader, sink: asyncio.StreamWriter, flowing: asyncio.Event
    ) -> None:
        try:
            while data := await source.read(65536):
                await flowing.wait()
                sink.write(data)
                await sink.drain()
        except ConnectionError:
            pass
        finally:
            sink.close()
