"""Past prices of these tests, on the wire: bars of a minute that a test lays down."""

from tests.integration.trading import events

from quarterdeck.api.marketdata.v1 import bar_pb2
from quarterdeck.api.marketdata.v1 import history_service_pb2 as pb
from quarterdeck.api.marketdata.v1 import history_service_pb2_grpc as rpc

BARS: dict[str, list[tuple[float, float]]] = {}
"""By instrument the seconds at which bars closed, and the closes."""


class History(rpc.HistoryServiceServicer):
    """Answers from ``BARS``."""

    async def ListBars(self, request, context):
        first, last = request.start_time.ToNanoseconds(), request.end_time.ToNanoseconds()
        known = BARS.get(request.instrument, []) if request.interval == "1m" else []
        bars = [(int((events.DAY_S + at) * 1e9), close) for at, close in known]
        found = [bar for bar in bars if first <= bar[0] < last]
        if request.newest_first:
            found = found[-request.page_size :]
        batch = bar_pb2.BarBatch(instrument=request.instrument, interval=request.interval)
        for close_time_ns, close in found:
            batch.close_time_ns.append(close_time_ns)
            batch.close.append(close)
        return pb.ListBarsResponse(bars=batch)

    async def ListQuotes(self, request, context):
        raise NotImplementedError

    async def ListTrades(self, request, context):
        raise NotImplementedError

    async def ListHoles(self, request, context):
        raise NotImplementedError
