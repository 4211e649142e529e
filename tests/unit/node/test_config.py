"""The configuration of a node is read whole or refused by the name of the field."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from quarterdeck_node.config import ConfigurationError, read

EXAMPLE = "quarterdeck_node.strategies.ema_cross"
LEAST: dict[str, Any] = {
    "node": "demo-node",
    "account": "SIM-001",
    "address": "127.0.0.1:8080",
    "state_folder": "state",
    "strategies": [{"strategy": f"{EXAMPLE}:EmaCross", "config": f"{EXAMPLE}:EmaCrossConfig"}],
}


def written(folder: Path, **changes: Any) -> Path:
    file = folder / "node.json"
    file.write_text(json.dumps(LEAST | changes))
    return file


def test_the_least_configuration_has_defaults(tmp_path: Path) -> None:
    config = read(written(tmp_path))
    assert (config.trader_id, config.opening_balance) == ("DEMO-NODE-001", Decimal(1_000_000))


def test_a_file_may_be_toml(tmp_path: Path) -> None:
    file = tmp_path / "node.toml"
    lines = [f'{name} = "{value}"' for name, value in LEAST.items() if name != "strategies"]
    strategy = f'[[strategies]]\nstrategy = "{EXAMPLE}:EmaCross"\nconfig = "{EXAMPLE}:C"'
    file.write_text("\n".join([*lines, 'opening_balance = "5.5"', strategy]))
    assert read(file).opening_balance == Decimal("5.5")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"node": ""}, "node must not be empty"),
        ({"strategies": []}, "strategies must name at least one"),
        ({"opening_balance": "-1"}, "opening_balance must be above zero"),
        ({"taker_fee": "-0.1"}, "taker_fee must not be negative"),
        ({"log_level": "LOUD"}, "log_level"),
        ({"acount": "SIM-002"}, "acount"),
        ({"account": 5}, "account"),
        ({"strategies": [{"strategy": "a:B"}]}, "config"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigurationError, match=problem):
        read(written(tmp_path, **changes))


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "node.json"
    file.write_text("{")
    with pytest.raises(ConfigurationError, match=r"node\.json"):
        read(file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read(tmp_path / "nothing.json")


def test_the_key_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("qd_secret\n")
    assert read(written(tmp_path, api_key_file=str(tmp_path / "key"))).secret() == "qd_secret"


def test_the_key_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUARTERDECK_API_KEY", "qd_other")
    assert read(written(tmp_path)).secret() == "qd_other"


def test_a_node_without_a_key_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QUARTERDECK_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="api_key"):
        read(written(tmp_path)).secret()
