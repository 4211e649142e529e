"""How a client is made, and what the package offers."""

import subprocess
import sys
from pathlib import Path

import pytest

import quarterdeck
from quarterdeck import AsyncClient, Client
from quarterdeck._address import parse
from quarterdeck._retry import Backoff
from quarterdeck.credentials import ApiKey, Password, Token

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("address", "target", "tls"),
    [
        ("localhost:8080", "localhost:8080", False),
        ("127.0.0.1:8080", "127.0.0.1:8080", False),
        ("[::1]:8080", "[::1]:8080", False),
        ("deck.example.com", "deck.example.com:443", True),
        ("deck.example.com:8080", "deck.example.com:8080", True),
        ("http://deck.example.com", "deck.example.com:80", False),
        ("https://localhost:8443", "localhost:8443", True),
    ],
)
def test_only_this_machine_is_reached_in_the_clear_unless_said(
    address: str, target: str, *, tls: bool
) -> None:
    parsed = parse(address)
    assert (parsed.target, parsed.tls) == (target, tls)


@pytest.mark.parametrize("address", ["", "ftp://deck", "http://deck/path", ":8080"])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address must be"):
        parse(address)


def test_an_authority_means_tls(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(b"pem")
    parsed = parse("localhost:8080", file)
    assert (parsed.tls, parsed.ca_certificate) == (True, b"pem")


def test_two_credentials_are_refused() -> None:
    with pytest.raises(ValueError, match="only one of"):
        AsyncClient(api_key="a", token="b")


@pytest.mark.parametrize("secret", [ApiKey("hush"), Password("ada", "hush"), Token("hush")])
def test_secrets_are_not_shown(secret: object) -> None:
    assert "hush" not in repr(secret)


def test_the_environment_is_read_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QUARTERDECK_ADDRESS", "not an address/")
    Client().close()
    with pytest.raises(ValueError, match="not an address"):
        Client.from_environment()


def test_delays_double_up_to_a_limit_and_differ() -> None:
    backoff = Backoff(first=0.1, limit=1.0)
    delays = [backoff.next() for _ in range(50)]
    assert 0.05 <= delays[0] <= 0.1
    assert all(0.5 <= delay <= 1.0 for delay in delays[4:])
    assert len(set(delays)) > 40


def test_exports_are_sorted_and_complete() -> None:
    names = quarterdeck.__all__
    assert list(names) == sorted(names, key=lambda n: (not n.isupper(), not n[0].isupper(), n))
    modules = {"errors", "events", "topics", "api", "credentials"}
    public = {n for n in vars(quarterdeck) if not n.startswith("_")}
    types = {n for n in public if isinstance(getattr(quarterdeck, n), type)}
    assert types <= set(names)
    assert not modules & set(names)


def test_everything_exported_exists_and_says_what_it_is() -> None:
    for name in quarterdeck.__all__:
        value = getattr(quarterdeck, name)
        ours = isinstance(value, type) and ".api." not in value.__module__
        assert value.__doc__ or not ours, name


def test_both_clients_have_the_same_members() -> None:
    def members(of: type) -> set[str]:
        return {n.removeprefix("a") if n == "aclose" else n for n in dir(of) if n[0] != "_"}

    assert members(AsyncClient) == members(Client)
    assert members(quarterdeck.AsyncWatch) == members(quarterdeck.Watch)


@pytest.mark.parametrize("tool", ["rpcs.py", "unasync.py"])
def test_the_code_that_is_made_from_other_code_is_fresh(tool: str) -> None:
    command = [sys.executable, str(ROOT / "tools" / tool), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
