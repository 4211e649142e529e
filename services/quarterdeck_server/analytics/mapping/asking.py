"""Requests to the domain: of what, when, and by which conventions."""

import numpy as np

from quarterdeck.api.analytics.v1 import attribution_service_pb2, report_service_pb2
from quarterdeck.api.analytics.v1 import performance_pb2 as pb
from quarterdeck.api.analytics.v1 import performance_service_pb2 as service_pb
from quarterdeck_server.analytics.domain.subject import (
    EARLIEST,
    LATEST,
    MAX_AGE_DAYS,
    Asked,
    Choices,
    Given,
    Instrument,
    Named,
    Period,
    Portfolio,
)
from quarterdeck_server.analytics.domain.track import Track
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.conventions import TRADING_DAYS, Conventions, Trials
from quarterdeck_server.quant.flows import FlowTiming
from quarterdeck_server.quant.series import dated
from quarterdeck_server.runtime.convert import floats, ints
from quarterdeck_server.runtime.day import closed_range_from

TAIL = 0.05


type Request = (
    service_pb.ComputePerformanceRequest
    | service_pb.ComputeRollingRequest
    | service_pb.ComparePerformanceRequest
    | report_service_pb2.RenderTearsheetRequest
    | report_service_pb2.ExportTableRequest
)
type AttributionRequest = (
    attribution_service_pb2.ComputeFactorsRequest
    | attribution_service_pb2.ComputeBrinsonRequest
    | attribution_service_pb2.ComputeContributionsRequest
)


def asked_from(request: Request) -> Asked:
    """Read what a request is about."""
    if isinstance(request, service_pb.ComparePerformanceRequest):
        each = enumerate(request.subjects)
        subjects = tuple(subject_from(one, f"subjects[{index}]") for index, one in each)
    else:
        subjects = (subject_from(request.subject, "subject"),)
    has_benchmark = request.HasField("benchmark")
    benchmark = subject_from(request.benchmark, "benchmark") if has_benchmark else None
    return Asked(subjects, period_from(request), benchmark, choices_from(request.conventions))


def subject_from(message: pb.Subject, field: str) -> Named:
    """Read of what returns are taken."""
    match message.WhichOneof("subject"):
        case "portfolio":
            asked = message.portfolio
            capital = asked.capital if asked.HasField("capital") else None
            return Named(field, Portfolio(asked.account, asked.strategy, capital))
        case "instrument":
            return Named(field, Instrument(message.instrument))
        case _:
            return Named(field, Given(_given_from(message.returns, f"{field}.returns")))


def choices_from(message: pb.Conventions) -> Choices:
    """Read conventions; what is absent has its default."""
    periods = message.periods_per_year if message.HasField("periods_per_year") else TRADING_DAYS
    is_aged = message.HasField("risk_free_max_age_days")
    is_start = message.flow_timing == pb.FLOW_TIMING_START
    return Choices(
        conventions=Conventions(
            periods_per_year=periods,
            risk_free=message.risk_free_rate,
            minimum_acceptable=message.minimum_acceptable,
            ddof=message.ddof if message.HasField("ddof") else 1,
            tail=message.tail if message.HasField("tail") else TAIL,
            annualise_short=message.annualise_short,
            trials=_trials_from(message),
        ),
        timing=FlowTiming.START if is_start else FlowTiming.END,
        risk_free_series=message.risk_free_series,
        max_age_days=message.risk_free_max_age_days if is_aged else MAX_AGE_DAYS,
    )


def conventions_to(choices: Choices) -> pb.Conventions:
    """Write conventions, every field filled in."""
    chosen = choices.conventions
    message = pb.Conventions(
        periods_per_year=chosen.periods_per_year,
        minimum_acceptable=chosen.minimum_acceptable,
        ddof=chosen.ddof,
        tail=chosen.tail,
        annualise_short=chosen.annualise_short,
        flow_timing=pb.FlowTiming.Value(f"FLOW_TIMING_{choices.timing.name}"),
        risk_free_max_age_days=choices.max_age_days,
    )
    if choices.risk_free_series:
        message.risk_free_series = choices.risk_free_series
    else:
        message.risk_free_rate = chosen.risk_free
    if chosen.trials is not None:
        tried = chosen.trials
        message.trials.CopyFrom(pb.Trials(count=tried.count, sharpe_variance=tried.sharpe_variance))
    return message


def period_from(request: Request | AttributionRequest) -> Period:
    """Read a range of days, both ends inclusive."""
    return Period(*closed_range_from(request))


def _trials_from(message: pb.Conventions) -> Trials | None:
    if not message.HasField("trials"):
        return None
    return Trials(message.trials.count, message.trials.sharpe_variance)


def _given_from(message: pb.ReturnSeries, field: str) -> Track:
    days = ints(message.days)
    check_days(days, field)
    try:
        series = dated(days.astype("datetime64[D]"), floats(message.returns))
    except InvalidField as error:
        named = error.field.replace("dates", "days", 1)
        problem = error.problem.replace("dates", "days")
        raise InvalidField(f"{field}.{named}", problem) from error
    start = message.start_day if message.HasField("start_day") else None
    if start is not None and len(days) and not EARLIEST <= start < days[0]:
        raise InvalidField(f"{field}.start_day", "must be a day before the first of days")
    return Track.of_returns(series, start)


def check_days(days: "np.ndarray[tuple[int], np.dtype[np.int64]]", field: str) -> None:
    """Refuse days that the calendar does not have; the first must have a day before it."""
    strange = (days <= EARLIEST) | (days > LATEST)
    if strange.any():
        place = int(np.argmax(strange))
        raise InvalidField(
            f"{field}.days[{place}]", f"is no day of the calendar, was {days[place]}"
        )
