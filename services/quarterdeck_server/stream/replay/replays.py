"""A replay from its request to its end."""

import asyncio
from collections.abc import AsyncGenerator

from quarterdeck.api.stream.v1 import stream_service_pb2 as pb
from quarterdeck_server.kernel.errors import QuarterdeckError
from quarterdeck_server.runtime.caller import Caller
from quarterdeck_server.runtime.clock import Clock
from quarterdeck_server.runtime.live import reason_of
from quarterdeck_server.runtime.peers import Peers
from quarterdeck_server.settings import StreamSettings
from quarterdeck_server.stream.domain import Control, Delivery, Ended, SessionOpened, Subscribed
from quarterdeck_server.stream.ports import Encoder
from quarterdeck_server.stream.replay.history import History
from quarterdeck_server.stream.replay.play import Player
from quarterdeck_server.stream.replay.reel import Reel
from quarterdeck_server.stream.replay.request import Seats, check_topics, window_from
from quarterdeck_server.stream.replay.track import Track


class Replays:
    """Plays what is asked for."""

    def __init__(
        self, peers: Peers, encoder: Encoder, clock: Clock, settings: StreamSettings
    ) -> None:
        self._peers, self._encoder, self._clock = peers, encoder, clock
        self._settings = settings
        self._seats = Seats(settings.replays_per_principal)

    async def play(self, request: pb.ReplayRequest, caller: Caller) -> AsyncGenerator[bytes]:
        """Yield encoded answers until the window ends, or until history fails."""
        check_topics(request)
        window = window_from(request, self._clock.now_ns())
        history = History(self._peers, caller.token, window, len(request.topics))
        with self._seats.taken(caller.principal):
            reel = await self._reel(request, history)
            try:
                yield self._opening(request)
                async for frame in self._player(request, reel).frames():
                    yield frame
            except QuarterdeckError as error:
                yield self._encoder.control(Ended(error, resumable=False))
                raise
            except asyncio.CancelledError as end:
                if (reason := reason_of(end)) is not None:
                    yield self._encoder.control(Ended(reason, resumable=False))
                raise
            finally:
                await reel.close()

    async def _reel(self, request: pb.ReplayRequest, history: History) -> Reel:
        holes = [hole for topic in request.topics for hole in await history.holes(topic)]
        tracks = [
            Track(topic, history.pages(topic, f"topics[{place}]"))
            for place, topic in enumerate(request.topics)
        ]
        reel = Reel(tracks, holes)
        try:
            await reel.load()
        except BaseException:
            await reel.close()
            raise
        return reel

    def _player(self, request: pb.ReplayRequest, reel: Reel) -> Player:
        return Player(
            reel,
            self._encoder,
            self._clock,
            speed=request.speed,
            heartbeat_s=self._heartbeat_s(request),
        )

    def _heartbeat_s(self, request: pb.ReplayRequest) -> float:
        if request.HasField("heartbeat_interval"):
            return request.heartbeat_interval.ToTimedelta().total_seconds()
        return self._settings.heartbeat.total_seconds()

    def _opening(self, request: pb.ReplayRequest) -> bytes:
        """Say first what a watch says first; a replay has no session to change or resume."""
        opened = SessionOpened(
            "",
            0.0,
            self._heartbeat_s(request),
            self._settings.replays_per_principal,
            len(request.topics),
            self._settings.opens_per_minute,
        )
        controls: list[Control] = [
            opened,
            *(Subscribed(topic, Delivery.ALL) for topic in request.topics),
        ]
        return b"".join(self._encoder.control(control) for control in controls)
