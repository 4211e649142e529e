"""Requests that no program should send to the edge."""

import json
import socket
from contextlib import closing, suppress

import pytest
from tests.faults.table import Table
from tests.system.deck import Deck

pytestmark = pytest.mark.system

MEGABYTE = 1 << 20
PUBLISH = "/v1/marketdata:publish"


def answer_to(deck: Deck, megabytes: int) -> tuple[int, dict[str, object]]:
    """Send a body that is never complete JSON, and return the status and what it says."""
    host, _, port = deck.address.rpartition(":")
    head = (
        f"POST {PUBLISH} HTTP/1.1\r\nhost: {deck.address}\r\ncontent-type: application/json\r\n"
        f"authorization: Bearer {deck.token()}\r\ncontent-length: {megabytes * MEGABYTE}\r\n\r\n"
    )
    with closing(socket.create_connection((host, int(port)), timeout=10)) as connection:
        connection.sendall(head.encode() + b'{"requestId": "')
        with suppress(ConnectionError):
            for _ in range(megabytes):
                connection.sendall(b"x" * MEGABYTE)
        text = b""
        with suppress(ConnectionError):
            while b"}" not in text and (more := connection.recv(65_536)):
                text += more
    top, _, body = text.decode().partition("\r\n\r\n")
    return int(top.split()[1]), json.loads(body)


def test_a_body_beyond_every_bound_is_refused_as_too_large(suite: Deck, table: Table) -> None:
    status, refusal = answer_to(suite, 40)
    assert status == 413
    assert refusal["code"] == 413
    assert refusal["reason"] == "request_payload_too_large"
    row = ("nothing", "nothing; 413 from the edge", "at once")
    table.add("a JSON body of 40 MiB", *row, "test_requests.py")
