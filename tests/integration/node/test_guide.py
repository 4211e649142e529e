"""The node of the guide is a real one."""

import asyncio
import re
from pathlib import Path

import pytest
from tests.integration.node.conftest import Runner, until
from tests.integration.node.deck import TestDeck

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "bring-your-own-node.md"
MARK = "# deck"


def program() -> str:
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def swift(text: str) -> str:
    """Let the program trade often, and not wait long for nothing after its stop."""
    often = 'order_id_tag="001", interval_minutes=10, fast=2, slow=4'
    begin = "config = TradingNodeConfig("
    assert begin in text
    return text.replace('order_id_tag="001"', often).replace(begin, f"{begin}timeout_post_stop=1,")


def test_a_user_adds_fewer_than_ten_lines() -> None:
    assert 0 < sum(line.endswith(MARK) for line in program().splitlines()) < 10


async def test_the_node_of_the_guide_trades_and_tells_the_deck(
    deck: TestDeck, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_API_KEY", "key")
    monkeypatch.setenv("HOME", str(tmp_path))
    file = tmp_path / "node.py"
    file.write_text(swift(program()).replace("localhost:8080", deck.address))
    process = await runner.start(str(file))
    await until(lambda: len(deck.book.fills) >= 3, "three fills")
    process.terminate()
    await until(lambda: deck.book.stopped, "a goodbye")
    assert await asyncio.wait_for(process.wait(), 30) == 0
    assert (deck.book.told_twice(), deck.book.changed) == ([], [])
    assert (tmp_path / ".quarterdeck" / "my-node.spool").is_file()
