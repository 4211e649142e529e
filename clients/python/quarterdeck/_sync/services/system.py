"""The services of system; written by ``tools/rpcs.py`` from the contracts."""

from collections.abc import Iterator
from datetime import timedelta

from google.protobuf.duration_pb2 import Duration

from quarterdeck._method import Method
from quarterdeck._sync.channel import Channel
from quarterdeck._times import duration
from quarterdeck.api.system.v1.health_service_pb2 import (
    GetSystemHealthRequest,
    GetSystemHealthResponse,
    ListComponentsRequest,
    ListComponentsResponse,
    WatchSystemHealthRequest,
    WatchSystemHealthResponse,
)
from quarterdeck.api.system.v1.job_pb2 import JOB_STATE_UNSPECIFIED, JobState
from quarterdeck.api.system.v1.job_service_pb2 import (
    CancelJobRequest,
    CancelJobResponse,
    GetJobRequest,
    GetJobResponse,
    ListJobsRequest,
    ListJobsResponse,
    WatchJobRequest,
    WatchJobResponse,
)
from quarterdeck.api.system.v1.metric_service_pb2 import (
    GetMetricSnapshotRequest,
    GetMetricSnapshotResponse,
    WatchMetricSnapshotRequest,
    WatchMetricSnapshotResponse,
)

GET_SYSTEM_HEALTH = Method[GetSystemHealthRequest, GetSystemHealthResponse](
    "/quarterdeck.api.system.v1.HealthService/GetSystemHealth",
    GetSystemHealthResponse,
    repeatable=True,
    public=True,
)
WATCH_SYSTEM_HEALTH = Method[WatchSystemHealthRequest, WatchSystemHealthResponse](
    "/quarterdeck.api.system.v1.HealthService/WatchSystemHealth",
    WatchSystemHealthResponse,
    repeatable=True,
)
LIST_COMPONENTS = Method[ListComponentsRequest, ListComponentsResponse](
    "/quarterdeck.api.system.v1.HealthService/ListComponents",
    ListComponentsResponse,
    repeatable=True,
)


class HealthService:
    """Whether the deck is well."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get_system_health(self, *, timeout: float | None = None) -> GetSystemHealthResponse:
        """Gets one verdict over all components, without saying more than that to strangers."""
        request = GetSystemHealthRequest()
        return self._channel.unary(GET_SYSTEM_HEALTH, request, timeout)

    def watch_system_health(
        self, *, timeout: float | None = None
    ) -> Iterator[WatchSystemHealthResponse]:
        """Streams the components: all of them, then those that changed; an empty answer is a
        heartbeat.
        """
        request = WatchSystemHealthRequest()
        return self._channel.stream(WATCH_SYSTEM_HEALTH, request, timeout)

    def list_components(self, *, timeout: float | None = None) -> ListComponentsResponse:
        """Lists the components by name."""
        request = ListComponentsRequest()
        return self._channel.unary(LIST_COMPONENTS, request, timeout)


GET_JOB = Method[GetJobRequest, GetJobResponse](
    "/quarterdeck.api.system.v1.JobService/GetJob", GetJobResponse, repeatable=True
)
LIST_JOBS = Method[ListJobsRequest, ListJobsResponse](
    "/quarterdeck.api.system.v1.JobService/ListJobs", ListJobsResponse, repeatable=True
)
WATCH_JOB = Method[WatchJobRequest, WatchJobResponse](
    "/quarterdeck.api.system.v1.JobService/WatchJob", WatchJobResponse, repeatable=True
)
CANCEL_JOB = Method[CancelJobRequest, CancelJobResponse](
    "/quarterdeck.api.system.v1.JobService/CancelJob", CancelJobResponse, repeatable=True
)


class JobService:
    """Long work: how far it is, and stopping it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get_job(self, *, name: str = "", timeout: float | None = None) -> GetJobResponse:
        """Gets one job.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = GetJobRequest(name=name)
        return self._channel.unary(GET_JOB, request, timeout)

    def list_jobs(
        self,
        *,
        state: JobState.ValueType = JOB_STATE_UNSPECIFIED,
        page_size: int = 0,
        page_token: str = "",
        timeout: float | None = None,
    ) -> ListJobsResponse:
        """Lists jobs, newest first."""
        request = ListJobsRequest(state=state, page_size=page_size, page_token=page_token)
        return self._channel.unary(LIST_JOBS, request, timeout)

    def watch_job(
        self, *, name: str = "", timeout: float | None = None
    ) -> Iterator[WatchJobResponse]:
        """Streams a job: as it is, then as it changes, until it ends.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = WatchJobRequest(name=name)
        return self._channel.stream(WATCH_JOB, request, timeout)

    def cancel_job(self, *, name: str = "", timeout: float | None = None) -> CancelJobResponse:
        """Asks a job to stop; it ends as canceled at its next step. An ended job stays as it is.

        Fails with NOT_FOUND (RESOURCE_NOT_FOUND).
        """
        request = CancelJobRequest(name=name)
        return self._channel.unary(CANCEL_JOB, request, timeout)


GET_METRIC_SNAPSHOT = Method[GetMetricSnapshotRequest, GetMetricSnapshotResponse](
    "/quarterdeck.api.system.v1.MetricService/GetMetricSnapshot",
    GetMetricSnapshotResponse,
    repeatable=True,
)
WATCH_METRIC_SNAPSHOT = Method[WatchMetricSnapshotRequest, WatchMetricSnapshotResponse](
    "/quarterdeck.api.system.v1.MetricService/WatchMetricSnapshot",
    WatchMetricSnapshotResponse,
    repeatable=True,
)


class MetricService:
    """The deck's own measurements, for those who have no Prometheus at hand."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel

    def get_metric_snapshot(
        self, *, prefix: str = "", timeout: float | None = None
    ) -> GetMetricSnapshotResponse:
        """Gets the metrics of every server process whose names begin with the prefix."""
        request = GetMetricSnapshotRequest(prefix=prefix)
        return self._channel.unary(GET_METRIC_SNAPSHOT, request, timeout)

    def watch_metric_snapshot(
        self,
        *,
        prefix: str = "",
        interval: Duration | timedelta | None = None,
        timeout: float | None = None,
    ) -> Iterator[WatchMetricSnapshotResponse]:
        """Streams the metrics again and again."""
        request = WatchMetricSnapshotRequest(prefix=prefix, interval=duration(interval))
        return self._channel.stream(WATCH_METRIC_SNAPSHOT, request, timeout)
