"""One supervisor for a state directory."""

import os

import pytest

from quarterdeck_server.embedded.errors import AlreadyRunning
from quarterdeck_server.embedded.lock import exclusive
from quarterdeck_server.embedded.state import StateDirectory


def test_a_second_holder_learns_who_and_where_the_first_is(state: StateDirectory) -> None:
    with exclusive(state) as announce:
        announce("http://127.0.0.1:8080")
        with pytest.raises(AlreadyRunning) as refused, exclusive(state):
            pass
    assert refused.value.pid == os.getpid()
    assert refused.value.address == "http://127.0.0.1:8080"
    assert str(state.path) in str(refused.value)


def test_a_holder_that_did_not_say_its_address_yet_is_still_named(state: StateDirectory) -> None:
    with exclusive(state), pytest.raises(AlreadyRunning, match=f"process {os.getpid()}"):
        exclusive(state).__enter__()


def test_a_released_directory_can_be_held_again(state: StateDirectory) -> None:
    with exclusive(state):
        pass
    with exclusive(state) as announce:
        announce("http://127.0.0.1:8081")
