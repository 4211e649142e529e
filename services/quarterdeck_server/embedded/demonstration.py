"""The principals and the node that a new installation begins with."""

import json
from pathlib import Path

from quarterdeck_server.embedded.credentials import Credentials, read
from quarterdeck_server.embedded.files import write_whole
from quarterdeck_server.embedded.state import StateDirectory

ADMIN = "admin"
NODE = "demo-node"
ACCOUNT = "SIM-001"
EVERYTHING = ["*"]
EXAMPLE = "quarterdeck_node.strategies.ema_cross"
TRADED = ("AAPL.XNAS", "GOOG.XNAS", "IBM.XNYS", "MSFT.XNAS", "FB.XNAS")
"""The shares of the bundled data; the example strategy runs once for each."""
STRATEGIES = [
    {
        "strategy": f"{EXAMPLE}:EmaCross",
        "config": f"{EXAMPLE}:EmaCrossConfig",
        "parameters": {"instrument_id": instrument, "order_id_tag": f"{number:03}"},
    }
    for number, instrument in enumerate(TRADED, start=1)
]


def write_seed(state: StateDirectory, credentials: Credentials) -> Path:
    """Tell the auth service which principals must exist, without showing their secrets."""
    admin = {
        "id": ADMIN,
        "kind": "PERSON",
        "roles": ["ADMIN"],
        "accounts": EVERYTHING,
        "strategies": EVERYTHING,
        "password": read(credentials.admin_password),
    }
    node = {
        "id": NODE,
        "kind": "MACHINE",
        "roles": ["NODE"],
        "accounts": [ACCOUNT],
        "strategies": EVERYTHING,
        "api_key": read(credentials.node_api_key),
    }
    file = state.secrets / "seed.json"
    write_whole(file, json.dumps({"principals": [admin, node]}))
    return file


def write_node(
    state: StateDirectory, credentials: Credentials, *, address: str, cache_url: str
) -> Path:
    """Tell the node where the deck is, what it trades, and where its secrets are."""
    configuration = {
        "node": NODE,
        "display_name": "Demonstration",
        "account": ACCOUNT,
        "address": address,
        "api_key_file": str(credentials.node_api_key),
        "redis_url": cache_url,
        "state_folder": str(state.path / "node"),
        "strategies": STRATEGIES,
    }
    file = state.secrets / "node.json"
    write_whole(file, json.dumps(configuration, indent=2))
    return file
