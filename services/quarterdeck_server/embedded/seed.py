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
