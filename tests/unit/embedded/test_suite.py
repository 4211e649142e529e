"""Which parts a suite has, and what each of them is told."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from quarterdeck_node.config import read
from quarterdeck_server.embedded import credentials
from quarterdeck_server.embedded.assets import Assets, find_assets
from quarterdeck_server.embedded.errors import UnsafeValue
from quarterdeck_server.embedded.gateway import origins_pattern
from quarterdeck_server.embedded.options import SuiteOptions, options_from
from quarterdeck_server.embedded.part import Part
from quarterdeck_server.embedded.state import StateDirectory
from quarterdeck_server.embedded.suite import Suite
from quarterdeck_server.embedded.supervisor import in_order
from quarterdeck_server.embedded.up import welcome
from quarterdeck_server.settings import Settings

type Build = Callable[..., dict[str, Part]]
SECRET = "a-vendor's-key"
INHERITED = {
    "PATH": "/bin",
    "QUARTERDECK_MARKETDATA__FRED__API_KEY": SECRET,
    "AWS_SECRET_ACCESS_KEY": SECRET,
}


@pytest.fixture
def build(state: StateDirectory) -> Build:
    """Describe a suite and return its parts by name."""

    def parts(**options: object) -> dict[str, Part]:
        made = credentials.ensure(state).credentials
        choices = SuiteOptions(**{"state": state, "inherited": INHERITED, **options})
        suite = Suite(choices, made, Assets(gateway=state.path, web=state.path))
        return {part.name: part for part in in_order(suite.parts())}

    return parts


def test_a_suite_is_everything_from_the_database_to_the_node(build: Build) -> None:
    names = {"postgres", "valkey", "migrate", "services", "stream", "envoy", "node"}
    assert build().keys() == names


def test_each_stream_worker_is_a_part_with_a_name_and_ports_of_its_own(build: Build) -> None:
    workers = {name: part for name, part in build(stream_workers=3).items() if "stream" in name}
    assert workers.keys() == {"stream", "stream-2", "stream-3"}
    for name, part in workers.items():
        assert part.environment["QUARTERDECK_STREAM__WORKER"] == name
    for setting in ("SERVER__LISTEN", "SERVER__METRICS_PORT"):
        values = {part.environment[f"QUARTERDECK_{setting}"] for part in workers.values()}
        assert len(values) == 3


def test_servers_of_the_users_own_are_used_and_none_is_started(build: Build) -> None:
    parts = build(database_url="postgresql://db/desk", redis_url="redis://bus")
    assert not {"postgres", "valkey"} & parts.keys()
    assert parts["stream"].environment["QUARTERDECK_POSTGRES__DSN"] == "postgresql://db/desk"
    assert parts["stream"].environment["QUARTERDECK_REDIS__URL"] == "redis://bus"


def test_servers_start_after_the_migration_and_the_node_after_the_servers(build: Build) -> None:
    order = list(build())
    assert order.index("migrate") < order.index("services") < order.index("node")


def test_a_node_that_cannot_start_does_not_keep_the_suite_from_starting(build: Build) -> None:
    assert not build()["node"].essential


@pytest.mark.parametrize("name", ["postgres", "valkey", "envoy", "node"])
def test_parts_that_are_not_ours_see_no_setting_and_no_secret(build: Build, name: str) -> None:
    environment = build()[name].environment
    assert SECRET not in environment.values()
    assert not [key for key in environment if key.startswith("QUARTERDECK_")]


def test_services_get_the_users_settings_and_nothing_else_that_is_secret(build: Build) -> None:
    environment = build()["services"].environment
    assert environment["QUARTERDECK_MARKETDATA__FRED__API_KEY"] == SECRET
    assert "AWS_SECRET_ACCESS_KEY" not in environment


@pytest.mark.parametrize("name", ["migrate", "stream"])
def test_the_keys_of_vendors_go_to_the_process_of_market_data_alone(
    build: Build, name: str
) -> None:
    assert SECRET not in build()[name].environment.values()


def test_only_the_process_of_auth_gets_the_signing_key(build: Build) -> None:
    having = [
        n for n, p in build().items() if "QUARTERDECK_AUTH__SIGNING_KEY_FILE" in p.environment
    ]
    assert having == ["services"]


def test_the_environments_are_settings_that_the_services_accept(
    build: Build, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("migrate", "services", "stream"):
        with monkeypatch.context() as patch:
            for key, value in build()[name].environment.items():
                patch.setenv(key, value)
            settings = Settings()
        assert settings.peers["auth"] != settings.peers["stream"]


def test_the_user_can_keep_the_replay_from_starting(build: Build) -> None:
    name = "QUARTERDECK_MARKETDATA__REPLAY__AUTOSTART"
    assert build()["services"].environment[name] == "true"
    assert build(inherited={name: "false"})["services"].environment[name] == "false"


def test_the_seed_names_the_principals_and_is_private(build: Build, state: StateDirectory) -> None:
    build()
    file = state.secrets / "seed.json"
    principals = json.loads(file.read_text())["principals"]
    assert {p["id"]: p["roles"] for p in principals} == {"admin": ["ADMIN"], "demo-node": ["NODE"]}
    assert file.stat().st_mode & 0o077 == 0


def test_the_nodes_file_is_a_configuration_that_the_node_reads(
    build: Build, state: StateDirectory
) -> None:
    told = read(Path(build()["node"].argv[-1]))
    assert told.secret() == (state.secrets / "node_api_key").read_text()
    assert told.cache_url().startswith("redis://node:")


def test_a_node_gets_no_address_of_the_users_own_redis(build: Build) -> None:
    told = read(Path(build(redis_url="redis://:secret@bus")["node"].argv[-1]))
    assert told.cache_url() == ""


def test_options_come_from_the_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "deck", edge={"port": 9000, "host": "10.0.0.1"})
    options = options_from(settings, {})
    assert options.state.path == tmp_path / "deck"
    assert (options.edge_host, options.edge_port) == ("10.0.0.1", 9000)


def test_the_password_is_shown_at_the_first_start_alone(state: StateDirectory) -> None:
    first, later = credentials.ensure(state), credentials.ensure(state)
    password = credentials.read(first.credentials.admin_password)
    assert password in "\n".join(welcome("http://here", first, state))
    assert password not in "\n".join(welcome("http://here", later, state))
    assert str(later.credentials.admin_password) in "\n".join(welcome("", later, state))


def test_allowed_origins_match_themselves_and_nothing_like_them() -> None:
    pattern = re.compile(origins_pattern(["https://desk.example:8443", "http://localhost"]))
    assert pattern.fullmatch("https://desk.example:8443")
    assert not pattern.fullmatch("https://deskxexample:8443")


def test_without_allowed_origins_none_matches() -> None:
    assert not re.fullmatch(origins_pattern([]), "https://desk.example")


@pytest.mark.parametrize("origin", ["*", "https://a.example/path", "https://[a]", "javascript:x"])
def test_what_is_no_origin_is_refused(origin: str) -> None:
    with pytest.raises(UnsafeValue):
        origins_pattern([origin])


def test_the_repository_and_the_package_keep_the_files_at_their_own_places(tmp_path: Path) -> None:
    package = tmp_path / "services" / "quarterdeck_server"
    assert find_assets(package, tmp_path).gateway == tmp_path / "gateway"
    (package / "gateway").mkdir(parents=True)
    (package / "web").mkdir()
    assert find_assets(package, tmp_path) == Assets(package / "gateway", package / "web")
