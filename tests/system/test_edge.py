"""Every rpc through the real edge, in each of its three protocols, before two stream workers."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from contextlib import AsyncExitStack, closing
from functools import cache
from http.client import HTTPConnection
from itertools import pairwise
from pathlib import Path

import pytest
import yaml
from tests.examples import OPEN_STREAM, RPCS, STEPS, Session
from tests.faults.publisher import Publisher
from tests.faults.witnesses import Reader, answer_that, until
from tests.protocols import Fields, Grpc, GrpcWeb, Json, Protocol3, Refused
from tests.rpcs import Rpc
from tests.system.deck import REPLAY, Deck, client_of, wait_for

from quarterdeck import AsyncClient
from quarterdeck.api.stream.v1.connection_service_pb2 import ListConnectionsResponse
from quarterdeck.errors import UnannouncedGap
from quarterdeck.events import Disconnected, Gap
from quarterdeck_server.embedded.components import PartState

pytestmark = pytest.mark.system

PROTOCOLS = {"grpc": Grpc, "grpc-web": GrpcWeb, "json": Json}
BUF = Path(sys.executable).parent / "buf"
READERS = 12
RESUME_S = 3.0


class Counting:
    """A protocol that remembers which rpcs were called."""

    def __init__(self, protocol: Protocol3) -> None:
        self._protocol = protocol
        self.called: set[str] = set()

    def call(self, rpc: Rpc, fields: Fields, token: str = "") -> Fields:
        self.called.add(rpc.name)
        return self._protocol.call(rpc, fields, token)


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_rpc_answers_through_the_edge(suite: Deck, name: str) -> None:
    suite.call("SourceService/StopSource", {"name": REPLAY})
    counting = Counting(PROTOCOLS[name](suite.address))
    session = Session(counting, suite.token())
    for step in STEPS:
        step(session)
    assert counting.called | OPEN_STREAM == RPCS.keys()


@pytest.mark.parametrize("name", PROTOCOLS)
def test_a_call_without_a_token_is_refused_by_the_edge(suite: Deck, name: str) -> None:
    with pytest.raises(Refused) as caught:
        PROTOCOLS[name](suite.address).call(RPCS["TokenService/GetCaller"], {})
    assert caught.value.status == ("401" if name == "json" else "UNAUTHENTICATED")


def request(suite: Deck, verb: str, path: str, body: bytes | None = None, **headers: str):
    with closing(HTTPConnection(suite.address, timeout=10)) as http:
        http.request(verb, path, body, {name.replace("_", "-"): v for name, v in headers.items()})
        with http.getresponse() as response:
            return response, response.read()


@pytest.mark.parametrize(
    ("verb", "path", "status"),
    [("GET", "/v1/caller", 401), ("GET", "/v1/health/nothing", 401), ("PUT", "/v1/health", 404)],
)
def test_refusals_of_the_edge_have_one_shape(
    suite: Deck, verb: str, path: str, status: int
) -> None:
    response, body = request(suite, verb, path)
    assert response.status == status
    refusal = json.loads(body)
    assert refusal.keys() == {"code", "message", "details", "reason", "request_id"}
    assert refusal["code"] == status


def test_a_body_that_is_too_large_is_refused(suite: Deck) -> None:
    headers = {"authorization": f"Bearer {suite.token()}", "content_type": "application/json"}
    body = json.dumps({"requestId": "x" * 5_000_000}).encode()
    response, answer = request(suite, "POST", "/v1/marketdata:publish", body, **headers)
    assert response.status == 400
    assert json.loads(answer)["details"][0]["reason"] == "MESSAGE_TOO_LARGE"


def test_an_error_of_a_service_keeps_its_details_in_json(suite: Deck) -> None:
    headers = {"authorization": f"Bearer {suite.token()}"}
    response, body = request(suite, "GET", "/v1/instruments/NOPE.XNAS", **headers)
    error = json.loads(body)
    assert response.status == 404
    assert error["details"][0]["reason"] == "INSTRUMENT_NOT_FOUND"


def test_a_report_is_a_file_with_a_name_and_its_refusal_is_json(suite: Deck) -> None:
    headers = {"authorization": f"Bearer {suite.token()}", "content_type": "application/json"}
    returns = {"days": [1, 2], "returns": [0.5, -0.25]}
    wanted: Fields = {"subject": {"returns": returns}, "format": "TEARSHEET_FORMAT_PDF"}
    path = "/v1/reports:renderTearsheet"
    response, body = request(suite, "POST", path, json.dumps(wanted).encode(), **headers)
    assert (response.status, response.getheader("content-type")) == (200, "application/pdf")
    assert body.startswith(b"%PDF")
    assert response.getheader("content-disposition").endswith('="tearsheet-Given-returns.pdf"')
    wanted["window"] = 1
    response, body = request(suite, "POST", path, json.dumps(wanted).encode(), **headers)
    assert response.status == 400
    assert json.loads(body)["details"][0]["metadata"]["field"] == "window"


def test_a_spoofed_identity_header_does_not_help(suite: Deck) -> None:
    response, _ = request(suite, "GET", "/v1/caller", x_quarterdeck_principal="principals/admin")
    assert response.status == 401


def test_another_origin_is_not_allowed(suite: Deck) -> None:
    headers = {"origin": "http://evil.example", "access_control_request_method": "POST"}
    response, _ = request(suite, "OPTIONS", "/v1/tokens:issue", **headers)
    assert response.getheader("access-control-allow-origin") is None


def test_reflection_lists_the_services_with_a_token(suite: Deck) -> None:
    header = f"authorization: Bearer {suite.token()}"
    command = [BUF, "curl", "--http2-prior-knowledge", "--protocol", "grpc"]
    answer = subprocess.run(
        [*command, "--reflect-header", header, "--list-services", suite.url],
        capture_output=True,
        text=True,
        check=True,
    )
    assert {rpc.path.split("/")[1] for rpc in RPCS.values() if "stream" not in rpc.path} <= set(
        answer.stdout.split()
    )


def test_reflection_without_a_token_is_refused(suite: Deck) -> None:
    command = [BUF, "curl", "--http2-prior-knowledge", "--protocol", "grpc", "--list-services"]
    answer = subprocess.run([*command, suite.url], capture_output=True, text=True, check=False)
    assert answer.returncode != 0
    assert "not authenticated" in answer.stderr


def test_the_dashboard_is_served_with_its_safety_headers(suite: Deck) -> None:
    response, body = request(suite, "GET", "/")
    assert b"<title>Quarterdeck" in body
    assert "frame-ancestors 'none'" in (response.getheader("content-security-policy") or "")


def test_the_gateway_names_what_the_contract_names() -> None:
    """Envoy needs two lists that the contract has already: they must not drift."""
    text = (Path(__file__).parents[2] / "gateway/envoy.yaml").read_text()
    services = {rpc.path.split("/")[1] for rpc in RPCS.values()}
    assert {
        line.strip(" -") for line in text.splitlines() if "- quarterdeck.api." in line
    } == services
    public = {rpc for rpc in RPCS.values() if rpc.permission == "PUBLIC"}
    open_paths = {rpc.path for rpc in public} | {rpc.http[1] for rpc in public}
    for path in open_paths:
        assert f"{{ path: {path} }}" in text or f'{{ path: "{path}" }}' in text
    assert text.count("- match: { path: ") == len(open_paths) + 2  # and two of the key listener


def test_the_edge_gives_no_timeout_to_what_streams_and_one_to_the_rest() -> None:
    for rpc in RPCS.values():
        found = next(route for route in api_routes() if is_for(route["match"], rpc.path))["route"]
        lasts = rpc.streams or rpc.method.client_streaming
        assert found["timeout"] == "0s", rpc.name
        assert ("max_stream_duration" in found) == (not lasts), rpc.name
        assert (found.get("idle_timeout") == "0s") == lasts, rpc.name


@cache
def api_routes() -> list[Fields]:
    """The edge's routes, in the order in which they are tried."""
    text = (Path(__file__).parents[2] / "gateway/envoy.yaml").read_text()
    edge = yaml.safe_load(re.sub(r"\$\{\w+\}", "1", text))
    filters = edge["static_resources"]["listeners"][0]["filter_chains"][0]["filters"]
    return filters[0]["typed_config"]["route_config"]["virtual_hosts"][0]["routes"]


def is_for(match: Fields, path: str) -> bool:
    if "safe_regex" in match:
        return re.fullmatch(match["safe_regex"]["regex"], path) is not None
    return path == match.get("path") or path.startswith(match.get("prefix", path + "/"))


async def test_readers_of_a_killed_worker_go_on_at_the_other(suite: Deck) -> None:
    async with client_of(suite) as client, AsyncExitStack() as stack:
        publisher = Publisher(client)
        readers = [Reader(client) for _ in range(READERS)]
        for reader in readers:
            await stack.enter_async_context(reader.watching(publisher.topic))
        await stack.enter_async_context(publisher.publishing())
        spread = await workers_of(client, publisher.topic)
        before = suite.component("stream")
        os.kill(before.pid or 0, signal.SIGKILL)
        await until(lambda: sum(map(has_broken, readers)) == spread["stream"])
        await publisher.publishes()
        last = publisher.acknowledged[-1]
        await until(lambda: all(reader.is_beyond(publisher.topic, last) for reader in readers))
    assert spread.keys() == {"stream", "stream-2"}
    assert max(spread.values()) <= READERS * 2 / 3
    for reader in readers:
        assert max(later - earlier for earlier, later in pairwise(reader.heard_at)) <= RESUME_S
        assert not [item for item in reader.items if isinstance(item, UnannouncedGap | Gap)]
        assert not list(reader.breaks(publisher.topic))
    wait_for(lambda: suite.component("stream").restarts > before.restarts)
    wait_for(lambda: suite.component("stream").state is PartState.RUNNING)


async def workers_of(client: AsyncClient, topic: str) -> Counter[str]:
    """How many readers of a topic each worker has, once all of them are there."""

    def counted(answer: ListConnectionsResponse) -> Counter[str]:
        return Counter(one.worker for one in answer.connections if list(one.topics) == [topic])

    def all_there(answer: ListConnectionsResponse) -> bool:
        return counted(answer).total() == READERS

    return counted(await answer_that(client.connections.list_connections, all_there))


def has_broken(reader: Reader) -> bool:
    return any(isinstance(item, Disconnected) for item in reader.items)
