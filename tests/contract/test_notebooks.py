"""The notebooks of the documentation run against a deck."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from tests.contract.conftest import PASSWORD, Deck
from tests.instruments import share
from tests.integration.trading.waiting import until
from tests.notebooks import notebook, shown

from quarterdeck import AsyncClient, Bars
from quarterdeck.api.auth.v1.principal_pb2 import PRINCIPAL_KIND_MACHINE, ROLE_VIEWER
from quarterdeck.api.trading.v1.node_pb2 import NODE_MODE_PAPER, AccountRegistration
from quarterdeck.performance import portfolio

PATH = Path(__file__).parents[2] / "docs/notebooks/performance.ipynb"
SUBJECT, BENCHMARK, ACCOUNT = "BOOK.XNAS", "NOTE.XNAS", "NOTEBOOK-1"
DAYS = 150


async def publish(client: AsyncClient, name: str, seed: int) -> None:
    await client.instruments.upsert_instrument(instrument=share(name))
    moves = np.random.default_rng(seed).normal(0.0005, 0.01, DAYS)
    prices = np.round(100 * np.cumprod(1 + moves), 2).tolist()
    first = datetime(2020, 1, 2, 21, tzinfo=UTC)
    times = [int((first + timedelta(days=day)).timestamp()) * 10**9 for day in range(DAYS)]
    columns = dict.fromkeys(("open", "high", "low", "close"), prices)
    bars = Bars(instrument=name, interval="1d", close_time_ns=times, volume=[1.0] * DAYS, **columns)
    await client.publish(bars=[bars])


async def key_of_reader(client: AsyncClient) -> str:
    await client.principals.create_principal(
        principal_id="notebook",
        kind=PRINCIPAL_KIND_MACHINE,
        roles=[ROLE_VIEWER],
        accounts=["*"],
        strategies=["*"],
    )
    made = await client.api_keys.create_api_key(principal="principals/notebook")
    return made.secret


@pytest.mark.asyncio(loop_scope="session")
async def test_the_notebook_runs_and_shows_what_it_promises(
    deck: Deck, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with AsyncClient(deck.address, password=("admin", PASSWORD)) as client:
        for seed, name in enumerate((SUBJECT, BENCHMARK)):
            await publish(client, name, seed)
        account = AccountRegistration(account=ACCOUNT, base_currency="USD")
        await client.nodes.register_node(
            node_id="notebook",
            mode=NODE_MODE_PAPER,
            engine_version="1.231.0",
            accounts=[account],
            strategies=["S-1"],
        )

        async def is_recorded() -> bool:
            found = await client.performance(SUBJECT, benchmark=BENCHMARK)
            return found["beta"].count == DAYS - 1

        await until(is_recorded)
        monkeypatch.setenv("QUARTERDECK_API_KEY", await key_of_reader(client))
    monkeypatch.setenv("QUARTERDECK_ADDRESS", deck.address)
    monkeypatch.chdir(tmp_path)
    own = {"SUBJECT": SUBJECT, "BENCHMARK": BENCHMARK, "MINE": portfolio(ACCOUNT)}
    seen = await asyncio.to_thread(lambda: dict(shown(PATH, own)))
    assert seen["connect"] == "principals/notebook"
    assert len(seen["days"]) == 5
    assert list(seen["rolling"].columns) == ["sharpe_ratio", "volatility", "beta"]
    assert seen["correlations"].loc["subject", "subject"] == pytest.approx(1)
    assert set(seen["factors"]) == {"alpha", "benchmark"}
    assert seen["export"]["count"].sum() > 100
    for name in ("plot", "rolling-plot"):
        assert isinstance(seen[name], Figure)
        seen[name].savefig(tmp_path / f"{name}.png")
    assert "<iframe sandbox" in seen["tearsheet"]._repr_html_()
    assert "no return yet" in seen["account"]._repr_html_()
    assert (tmp_path / "tearsheet.pdf").read_bytes().startswith(b"%PDF")


def test_the_notebook_is_one_and_keeps_nobodys_output() -> None:
    found = notebook(PATH)
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    names = [cell["id"] for cell in found["cells"]]
    assert len(set(names)) == len(names)
    code = [cell for cell in found["cells"] if cell["cell_type"] == "code"]
    assert not any(cell["outputs"] or cell["execution_count"] for cell in code)
