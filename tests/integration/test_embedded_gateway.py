"""Envoy of the wheel with the gateway's own template, under the real supervisor."""

import asyncio
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from quarterdeck_server.embedded import binaries
from quarterdeck_server.embedded.addresses import Addresses, choose_addresses
from quarterdeck_server.embedded.assets import Assets, find_assets
from quarterdeck_server.embedded.components import PartState
from quarterdeck_server.embedded.environment import FOREIGN
from quarterdeck_server.embedded.envoy import EnvoyServer, render
from quarterdeck_server.embedded.gateway import gateway_values
from quarterdeck_server.embedded.ports import LOOPBACK, PortBook
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.embedded.supervisor import Supervisor


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    """A fresh state directory."""
    return StateDirectory.at(tmp_path / "state")


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    """The repository's gateway before a small page."""
    web = tmp_path / "web"
    web.mkdir()
    (web / "index.html").write_text("<title>Deck</title>")
    return Assets(gateway=find_assets().gateway, web=web)


@pytest.fixture
def addresses(state: StateDirectory) -> Addresses:
    """Free ports."""
    return choose_addresses(PortBook(state.ports), LOOPBACK, None)


@asynccontextmanager
async def edge(
    state: StateDirectory, assets: Assets, addresses: Addresses
) -> AsyncIterator[Supervisor]:
    server = EnvoyServer(
        program=binaries.envoy(),
        template=assets.template,
        values=gateway_values(addresses, assets, ["https://desk.example"]),
        configuration=state.run / "envoy.yaml",
        admin_port=addresses.edge_admin,
    )
    part = server.part(state.log("envoy"), FOREIGN, needs=())
    supervisor = Supervisor([part], state, lambda line: None)
    try:
        await supervisor.start()
        yield supervisor
    finally:
        await supervisor.stop()


def get(address: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310 (loopback)
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        with refusal:
            return refusal.code, refusal.read().decode()


def test_envoy_accepts_the_rendered_template(
    state: StateDirectory, assets: Assets, addresses: Addresses
) -> None:
    file = state.run / "envoy.yaml"
    file.write_text(render(assets.template, gateway_values(addresses, assets, [])))
    command = [str(binaries.envoy()), "--mode", "validate", "--config-path", str(file)]
    checked = subprocess.run(command, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr


async def test_the_dashboards_page_comes_from_the_edge(
    state: StateDirectory, assets: Assets, addresses: Addresses
) -> None:
    async with edge(state, assets, addresses):
        status, page = await asyncio.to_thread(get, addresses.dashboard)
    assert (status, page) == (200, "<title>Deck</title>")


async def test_without_services_a_call_is_refused_and_does_not_hang(
    state: StateDirectory, assets: Assets, addresses: Addresses
) -> None:
    async with edge(state, assets, addresses):
        status, _ = await asyncio.to_thread(get, f"{addresses.dashboard}/v1/portfolio")
    assert status in {401, 404, 503}


async def test_two_suites_have_an_edge_each(
    state: StateDirectory, assets: Assets, addresses: Addresses, tmp_path: Path
) -> None:
    other = StateDirectory.at(tmp_path / "other")
    async with edge(state, assets, addresses):
        elsewhere = choose_addresses(PortBook(other.ports), LOOPBACK, None)
        async with edge(other, assets, elsewhere) as supervisor:
            assert supervisor.components()[0].state is PartState.RUNNING
            assert elsewhere.edge != addresses.edge
