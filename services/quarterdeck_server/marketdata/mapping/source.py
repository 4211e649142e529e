"""Sources on the wire."""

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.api.marketdata.v1 import source_pb2 as pb
from quarterdeck.api.stream.v1 import notice_pb2
from quarterdeck_server.marketdata.domain.source import (
    BUNDLED,
    ReplayOptions,
    SourceRecord,
)
from quarterdeck_server.runtime.convert import timestamp_from, timestamp_to

DEFAULT_SECONDS_PER_DAY = 10.0


def options_from(message: pb.ReplayOptions) -> ReplayOptions:
    """Read how to play; what is not said has the defaults of the contract."""
    return ReplayOptions(
        dataset=message.dataset or BUNDLED,
        seconds_per_day=message.seconds_per_day or DEFAULT_SECONDS_PER_DAY,
        start_time_ns=timestamp_from(message.start_time, "replay.start_time")
        if message.HasField("start_time")
        else None,
        derive_quotes=message.derive_quotes,
        instrument=message.instrument,
    )


def source_to(record: SourceRecord) -> pb.Source:
    """Write a source."""
    return pb.Source(
        name=record.name,
        display_name=record.display_name,
        state=pb.SourceState.ValueType(record.state.value),
        failure=record.failure,
        instruments=record.instruments,
        replay=_progress_to(record),
        published_rows=record.published_rows,
        last_publish_time=_time_to(record.last_publish_time_ns),
        start_time=_time_to(record.start_time_ns),
        provenance=record.provenance,
    )


def end_notice(record: SourceRecord) -> bytes:
    """Encode what people are told when a source came to its end."""
    return notice_pb2.Notice(
        severity=notice_pb2.NOTICE_SEVERITY_INFO,
        subject=record.name,
        text=f"{record.display_name} came to the end of its data.",
    ).SerializeToString()


def _progress_to(record: SourceRecord) -> pb.ReplayProgress | None:
    if record.replay is None:
        return None
    return pb.ReplayProgress(
        options=_options_to(record.replay),
        event_time=_time_to(record.event_time_ns),
        end_time=_time_to(record.end_time_ns),
        progress=record.progress,
    )


def _options_to(options: ReplayOptions) -> pb.ReplayOptions:
    return pb.ReplayOptions(
        dataset=options.dataset,
        seconds_per_day=options.seconds_per_day,
        start_time=_time_to(options.start_time_ns),
        derive_quotes=options.derive_quotes,
        instrument=options.instrument,
    )


def _time_to(ns: int | None) -> Timestamp | None:
    return None if ns is None else timestamp_to(ns)
