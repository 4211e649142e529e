"""The system area as clients see it, on a real database."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from argon2 import profiles
from tests.integration.areas import Deck, bearer, reason, served
from tests.integration.auth.conftest import NODE_KEY, PASSWORD
from tests.integration.auth.conftest import settings as auth_settings  # noqa: F401 - a fixture

import quarterdeck_server.auth.wiring
import quarterdeck_server.system.wiring
from quarterdeck.api.auth.v1 import token_service_pb2 as tokens_pb
from quarterdeck.api.auth.v1 import token_service_pb2_grpc as tokens_rpc
from quarterdeck.api.system.v1 import (
    component_pb2,
    health_service_pb2,
    health_service_pb2_grpc,
    job_pb2,
    job_service_pb2,
    job_service_pb2_grpc,
    metric_service_pb2,
    metric_service_pb2_grpc,
)
from quarterdeck_server.runtime.job import Progress
from quarterdeck_server.settings import Settings, SystemSettings

AREAS = [quarterdeck_server.auth.wiring.open, quarterdeck_server.system.wiring.open]
HEALTHY = component_pb2.COMPONENT_STATE_HEALTHY


@pytest.fixture
async def deck(auth_settings, store, local_bus, tmp_path, monkeypatch) -> AsyncIterator[Deck]:  # noqa: F811
    monkeypatch.setattr("quarterdeck_server.auth.passwords.PARAMETERS", profiles.CHEAPEST)
    monkeypatch.setattr("quarterdeck_server.system.monitor.ROUND_S", 0.05)
    system = SystemSettings(components_file=tmp_path / "components.json")
    settings = Settings(auth=auth_settings.auth, system=system)
    async with served(AREAS, settings, store, local_bus) as opened:
        yield opened


@pytest.fixture
async def admin(deck: Deck) -> tuple[tuple[str, str], ...]:
    password = tokens_pb.PasswordCredential(principal_id="admin", password=PASSWORD)
    stub = tokens_rpc.TokenServiceStub(deck.channel)
    answer = await stub.IssueToken(tokens_pb.IssueTokenRequest(password=password))
    return bearer(answer.tokens.access_token)


def health(deck: Deck) -> health_service_pb2_grpc.HealthServiceStub:
    return health_service_pb2_grpc.HealthServiceStub(deck.channel)


def jobs(deck: Deck) -> job_service_pb2_grpc.JobServiceStub:
    return job_service_pb2_grpc.JobServiceStub(deck.channel)


async def components(deck: Deck, admin, *, until) -> dict[str, component_pb2.Component]:
    """Follow the components until they are as wanted."""
    known: dict[str, component_pb2.Component] = {}
    request = health_service_pb2.WatchSystemHealthRequest()
    async with asyncio.timeout(10):
        async for answer in health(deck).WatchSystemHealth(request, metadata=admin):
            known |= {component.name: component for component in answer.components}
            if until(known):
                return known
    raise AssertionError(known)


def all_well(known) -> bool:
    return len(known) >= 3 and all(one.state == HEALTHY for one in known.values())


async def test_strangers_learn_whether_the_deck_is_well_and_no_more(deck, admin) -> None:
    await components(deck, admin, until=all_well)
    answer = await health(deck).GetSystemHealth(health_service_pb2.GetSystemHealthRequest())
    assert answer.healthy
    assert answer.version


async def test_components_are_checked_also_where_nobody_supervises(deck, admin) -> None:
    known = await components(deck, admin, until=all_well)
    assert sorted(known) == ["components/bus", "components/postgres", "components/services"]
    assert all(one.HasField("check_ms") for one in known.values())


async def test_what_the_supervisor_tells_arrives_as_a_change(deck, admin, tmp_path: Path) -> None:
    await components(deck, admin, until=all_well)
    row = {"name": "stream", "state": "BACKOFF", "pid": None, "restarts": 4, "log": ""}
    row |= {"since": "2026-01-02T03:04:05.678Z", "last_exit": "signal SIGKILL"}
    (tmp_path / "components.json").write_text(json.dumps([row]))
    known = await components(deck, admin, until=lambda seen: "components/stream" in seen)
    seen = known["components/stream"]
    assert (seen.failure, seen.restarts) == ("signal SIGKILL", 4)
    answer = await health(deck).GetSystemHealth(health_service_pb2.GetSystemHealthRequest())
    assert not answer.healthy
    listed = await health(deck).ListComponents(
        health_service_pb2.ListComponentsRequest(), metadata=admin
    )
    assert seen in listed.components


async def test_components_need_the_permission(deck) -> None:
    stub = tokens_rpc.TokenServiceStub(deck.channel)
    answer = await stub.IssueToken(tokens_pb.IssueTokenRequest(api_key=NODE_KEY))
    node = bearer(answer.tokens.access_token)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await health(deck).ListComponents(health_service_pb2.ListComponentsRequest(), metadata=node)
    assert reason(caught.value) == "PERMISSION_MISSING"


async def start(deck: Deck, release: asyncio.Event, subject: str = "sources/x") -> str:
    async def work(progress: Progress) -> str:
        while not release.is_set():
            await progress.report(0.5, "half")
            await asyncio.sleep(0.01)
        return "all done"

    return await deck.shared.jobs.start("import_bars", subject, "principals/admin", work)


async def test_a_job_is_watched_until_it_ends(deck, admin) -> None:
    release = asyncio.Event()
    name = await start(deck, release)
    states = []
    request = job_service_pb2.WatchJobRequest(name=name)
    async with asyncio.timeout(10):
        async for answer in jobs(deck).WatchJob(request, metadata=admin):
            states.append(answer.job.state)
            release.set()
    assert states[-1] == job_pb2.JOB_STATE_SUCCEEDED
    final = (await jobs(deck).GetJob(job_service_pb2.GetJobRequest(name=name), metadata=admin)).job
    assert (final.note, final.progress, final.HasField("end_time")) == ("all done", 1.0, True)


async def test_a_canceled_job_ends_at_its_next_step(deck, admin) -> None:
    name = await start(deck, asyncio.Event())
    await jobs(deck).CancelJob(job_service_pb2.CancelJobRequest(name=name), metadata=admin)
    request = job_service_pb2.WatchJobRequest(name=name)
    async with asyncio.timeout(10):
        *_, last = [answer async for answer in jobs(deck).WatchJob(request, metadata=admin)]
    assert last.job.state == job_pb2.JOB_STATE_CANCELED


async def test_jobs_are_listed_newest_first_page_by_page(deck, admin) -> None:
    release = asyncio.Event()
    names = [await start(deck, release, f"sources/{number}") for number in range(3)]

    async def page(**fields) -> job_service_pb2.ListJobsResponse:
        return await jobs(deck).ListJobs(job_service_pb2.ListJobsRequest(**fields), metadata=admin)

    first = await page(page_size=2, state=job_pb2.JOB_STATE_RUNNING)
    fields = {"page_token": first.next_page_token, "state": job_pb2.JOB_STATE_RUNNING}
    rest = await page(page_size=2, **fields)
    assert [job.name for job in (*first.jobs, *rest.jobs)] == names[::-1]
    assert not (await page(state=job_pb2.JOB_STATE_FAILED)).jobs
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await page(page_token=first.next_page_token)
    assert reason(caught.value) == "PAGE_TOKEN_INVALID"
    release.set()


@pytest.mark.parametrize("name", ["jobs/none", "jobs/00000000-0000-0000-0000-000000000000"])
async def test_an_unknown_job_is_not_found(deck, admin, name: str) -> None:
    for call in (
        jobs(deck).GetJob(job_service_pb2.GetJobRequest(name=name), metadata=admin),
        jobs(deck).CancelJob(job_service_pb2.CancelJobRequest(name=name), metadata=admin),
        jobs(deck).WatchJob(job_service_pb2.WatchJobRequest(name=name), metadata=admin).read(),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert reason(caught.value) == "RESOURCE_NOT_FOUND"


async def test_metrics_are_read_by_prefix_and_again_and_again(deck, admin) -> None:
    stub = metric_service_pb2_grpc.MetricServiceStub(deck.channel)
    request = metric_service_pb2.GetMetricSnapshotRequest(prefix="grpc_server_started_total")
    found = (await stub.GetMetricSnapshot(request, metadata=admin)).metrics
    assert {metric.metric for metric in found} == {"grpc_server_started_total"}
    assert {metric.labels["process"] for metric in found} == {"services"}
    watch = metric_service_pb2.WatchMetricSnapshotRequest(prefix="up", interval={"seconds": 1})
    stream = stub.WatchMetricSnapshot(watch, metadata=admin)
    async with asyncio.timeout(10):
        first, second = await stream.read(), await stream.read()
    assert first.metrics == second.metrics
    assert first.time.ToNanoseconds() < second.time.ToNanoseconds()
    stream.cancel()
