"""Sources on the wire."""

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.api.marketdata.v1 import source_pb2 as pb
from quarterdeck.api.marketdata.v1.source_service_pb2 import StartSourceRequest
from quarterdeck.api.stream.v1 import notice_pb2
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.source import (
    BUNDLED,
    LiveOptions,
    Quota,
    ReplayOptions,
    SourceRecord,
    SourceReport,
)
from quarterdeck_server.runtime.convert import duration_to, timestamp_from, timestamp_to


def options_from(
    request: StartSourceRequest, defaults: ReplayOptions
) -> ReplayOptions | LiveOptions | None:
    """Read how to start, nothing if it is not said; one way only."""
    if not request.HasField("live"):
        return replay_from(request.replay, defaults) if request.HasField("replay") else None
    if request.HasField("replay"):
        raise InvalidField("live", "must be absent where replay is given")
    return live_from(request.live)


def live_from(message: pb.LiveOptions) -> LiveOptions:
    """Read what a live source is to read."""
    return LiveOptions(
        instruments=tuple(message.instruments),
        quotes=message.quotes,
        trades=message.trades,
        bar_interval=message.bar_interval,
        book_depth=message.book_depth,
    )


def replay_from(message: pb.ReplayOptions, defaults: ReplayOptions) -> ReplayOptions:
    """Read how to play; what is not said is as configured."""
    return ReplayOptions(
        dataset=message.dataset or BUNDLED,
        seconds_per_day=message.seconds_per_day or defaults.seconds_per_day,
        start_time_ns=timestamp_from(message.start_time, "replay.start_time")
        if message.HasField("start_time")
        else None,
        derive_quotes=message.derive_quotes,
        instrument=message.instrument,
    )


def source_to(report: SourceReport) -> pb.Source:
    """Write a source."""
    record = report.record
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
        live=_live_to(record.live),
        quotas=map(_quota_to, report.quotas),
        capabilities=[
            pb.SourceCapability.ValueType(ability.value) for ability in report.capabilities
        ],
        missing_setting=report.missing_setting,
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


def _live_to(options: LiveOptions | None) -> pb.LiveOptions | None:
    if options is None:
        return None
    return pb.LiveOptions(
        instruments=options.instruments,
        quotes=options.quotes,
        trades=options.trades,
        bar_interval=options.bar_interval,
        book_depth=options.book_depth,
    )


def _quota_to(quota: Quota) -> pb.SourceQuota:
    return pb.SourceQuota(
        window=duration_to(quota.window_s),
        limit=quota.limit,
        remaining=quota.remaining,
        next_time=_time_to(quota.next_time_ns),
    )


def _time_to(ns: int | None) -> Timestamp | None:
    return None if ns is None else timestamp_to(ns)
