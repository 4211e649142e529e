"""The choice of ports."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from quarterdeck_server.embedded.errors import PortTaken
from quarterdeck_server.embedded.ports import LOOPBACK, PortBook, is_free
from quarterdeck_server.embedded.state import StateDirectory


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A program that listens: this one."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield server


def port_of(server: socket.socket) -> int:
    return int(server.getsockname()[1])


def test_a_chosen_port_is_the_same_at_the_next_start(state: StateDirectory) -> None:
    first = PortBook(state.ports).choose("edge")
    assert PortBook(state.ports).choose("edge") == first


def test_two_names_never_share_a_port(state: StateDirectory) -> None:
    book = PortBook(state.ports)
    assert book.choose("edge") != book.choose("admin")


def test_a_preferred_port_is_taken_when_it_is_free(state: StateDirectory) -> None:
    free = PortBook(state.ports).choose("other")
    assert PortBook(state.ports).choose("edge", preferred=free) == free


def test_a_remembered_port_that_is_taken_is_replaced(
    state: StateDirectory, listener: socket.socket
) -> None:
    state.ports.write_text(f'{{"edge": {port_of(listener)}}}')
    port = PortBook(state.ports).choose("edge")
    assert port != port_of(listener)
    assert is_free(port)


def test_a_configured_port_that_is_taken_is_refused_with_its_holder(
    state: StateDirectory, listener: socket.socket
) -> None:
    with pytest.raises(PortTaken, match=rf"port {port_of(listener)}.*process {os.getpid()}"):
        PortBook(state.ports).choose("edge", configured=port_of(listener))


@pytest.mark.parametrize("damage", ["", "[]", "{", '{"edge": null}', '{"edge": "x"}'])
def test_a_damaged_book_costs_only_the_memory(state: StateDirectory, damage: str) -> None:
    state.ports.write_text(damage)
    assert is_free(PortBook(state.ports).choose("edge"))


def test_suites_that_start_together_look_for_free_ports_in_different_places(
    state: StateDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The place depends on the name of the file alone: with these names no two meet by chance.
    monkeypatch.chdir(state.path)
    chosen = {PortBook(Path(f"{n}.json")).choose("edge") for n in range(20)}
    assert len(chosen) == 20
