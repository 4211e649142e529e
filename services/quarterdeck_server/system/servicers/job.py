"""JobService: how far long work is, and stopping it."""

from collections.abc import AsyncIterator

from quarterdeck.api.system.v1 import job_service_pb2 as pb
from quarterdeck.api.system.v1 import job_service_pb2_grpc as rpc
from quarterdeck_server.kernel import page
from quarterdeck_server.runtime.jobs import Jobs
from quarterdeck_server.runtime.service import Context
from quarterdeck_server.system.mapping.job import after_from, job_to, position_of, state_from

PAGE, LARGEST_PAGE = 100, 1_000
LIST = "ListJobs"


class JobServicer(rpc.JobServiceServicer):
    """Serves the jobs of every process."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    async def GetJob(self, request: pb.GetJobRequest, context: Context) -> pb.GetJobResponse:
        return pb.GetJobResponse(job=job_to(await self._jobs.get(request.name)))

    async def ListJobs(self, request: pb.ListJobsRequest, context: Context) -> pb.ListJobsResponse:
        state, size = state_from(request), page.page_size(request.page_size, PAGE, LARGEST_PAGE)
        after = after_from(page.decode(request.page_token, LIST, [state], int, str))
        found = await self._jobs.list(state, after, size + 1)
        more = page.encode(LIST, [state], position_of(found[size - 1])) if found[size:] else ""
        return pb.ListJobsResponse(jobs=[job_to(job) for job in found[:size]], next_page_token=more)

    async def WatchJob(
        self, request: pb.WatchJobRequest, context: Context
    ) -> AsyncIterator[pb.WatchJobResponse]:
        async for job in self._jobs.watch(request.name):
            yield pb.WatchJobResponse(job=job_to(job))

    async def CancelJob(
        self, request: pb.CancelJobRequest, context: Context
    ) -> pb.CancelJobResponse:
        return pb.CancelJobResponse(job=job_to(await self._jobs.cancel(request.name)))
