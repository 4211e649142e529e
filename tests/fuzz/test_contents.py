"""Requests that are nearly right, so that they come further than the rules of their fields."""

import uuid

from google.protobuf.json_format import ParseDict
from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.faults.pace import FULL
from tests.faults.witnesses import Recorder
from tests.fuzz.conftest import ACCOUNT, INSTRUMENT, NODE, Target
from tests.fuzz.messages import nearly
from tests.fuzz.test_calls import FAULTS, told
from tests.rpcs import rpcs

from quarterdeck.api.marketdata.v1.bar_pb2 import BarBatch
from quarterdeck.api.marketdata.v1.book_pb2 import OrderBookDeltaBatch, OrderBookSnapshot
from quarterdeck.api.marketdata.v1.ingest_service_pb2 import PublishRequest
from quarterdeck.api.marketdata.v1.quote_pb2 import QuoteBatch
from quarterdeck.api.marketdata.v1.trade_pb2 import TradeBatch
from quarterdeck.api.system.v1.metric_service_pb2 import GetMetricSnapshotResponse
from quarterdeck.api.trading.v1.trading_event_pb2 import TradingEvent
from quarterdeck.api.trading.v1.trading_event_service_pb2 import RecordEventsRequest

RPCS = {rpc.name: rpc for rpc in rpcs()}
EXAMPLES = 2_000 if FULL else 60
ANYTHING = settings(max_examples=EXAMPLES, derandomize=not FULL, deadline=None, database=None)
MOMENT_NS = 1_700_000_000 * 10**9
ROWS = 3
ABOUT = {"instrument": INSTRUMENT, "price_precision": 2, "size_precision": 0}
TIMES = {"event_time_ns": range(MOMENT_NS, MOMENT_NS + ROWS)}
QUOTES = QuoteBatch(
    **ABOUT,
    **TIMES,
    bid_price=[100] * ROWS,
    ask_price=[101] * ROWS,
    bid_size=[1] * ROWS,
    ask_size=[1] * ROWS,
)
TRADES = TradeBatch(
    **ABOUT, **TIMES, price=[100] * ROWS, size=[1] * ROWS, aggressor_side=[1] * ROWS
)
BARS = BarBatch(
    instrument=INSTRUMENT,
    interval="1d",
    close_time_ns=TIMES["event_time_ns"],
    open=[1.0] * ROWS,
    high=[2.0] * ROWS,
    low=[1.0] * ROWS,
    close=[1.5] * ROWS,
    volume=[0.0] * ROWS,
)
BOOK = OrderBookSnapshot(
    **ABOUT,
    event_time_ns=MOMENT_NS,
    bid_price=[100, 99],
    bid_size=[1, 1],
    ask_price=[101],
    ask_size=[1],
)
DELTAS = OrderBookDeltaBatch(**ABOUT, **TIMES, side=[1, 1, 2], price=[100, 99, 101], size=[1, 0, 2])
TOLD = Recorder(None, instrument=INSTRUMENT, name=NODE.removeprefix("nodes/")).events("1")


def some[M: Message](valid: M) -> st.SearchStrategy[list[M]]:
    return st.lists(nearly(valid), max_size=1)


@ANYTHING
@given(
    request=st.builds(
        PublishRequest,
        quotes=some(QUOTES),
        trades=some(TRADES),
        bars=some(BARS),
        books=some(BOOK),
        deltas=some(DELTAS),
    )
)
def test_columns_of_any_numbers_are_published_or_refused(
    target: Target, request: PublishRequest
) -> None:
    code = target.send(RPCS["IngestService/Publish"], request.SerializeToString())
    assert told(code) not in FAULTS


@st.composite
def events(draw: st.DrawFn) -> TradingEvent:
    """Tell of an order or a fill that differs from a good one in a field or two."""
    made = draw(nearly(draw(st.sampled_from(TOLD)), 1))
    if (kind := made.WhichOneof("event")) and draw(st.booleans()):
        getattr(made, kind).CopyFrom(draw(nearly(getattr(made, kind))))
    made.event_id = uuid.uuid4().hex
    return made


@ANYTHING
@given(told_of=st.lists(events(), min_size=1, max_size=3))
def test_events_of_any_content_are_recorded_or_refused(
    target: Target, told_of: list[TradingEvent]
) -> None:
    request = RecordEventsRequest(node=NODE, events=told_of)
    code = target.send(RPCS["TradingEventService/RecordEvents"], request.SerializeToString())
    assert told(code) not in FAULTS


def test_nothing_that_was_accepted_breaks_what_goes_on_behind(target: Target) -> None:
    portfolio = RPCS["PortfolioService/GetPortfolio"]
    asked = ParseDict({"account": ACCOUNT}, portfolio.request())
    assert target.call(portfolio, asked.SerializeToString())
    metrics = RPCS["MetricService/GetMetricSnapshot"]
    wanted = ParseDict({"prefix": "quarterdeck_background_failures"}, metrics.request())
    answer = GetMetricSnapshotResponse.FromString(target.call(metrics, wanted.SerializeToString()))
    assert not [one for one in answer.metrics if one.value and "_created" not in one.metric]
