"""The values for the places of the gateway's template."""

import re
from collections.abc import Iterable

from quarterdeck_server.embedded.addresses import Addresses
from quarterdeck_server.embedded.assets import Assets
from quarterdeck_server.embedded.errors import UnsafeValue
from quarterdeck_server.embedded.ports import LOOPBACK

ORIGIN = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")
NO_ORIGIN = "^$"
"""Matches no origin, since a browser never sends an empty one."""


def gateway_values(
    addresses: Addresses, assets: Assets, allowed_origins: Iterable[str]
) -> dict[str, str]:
    """Give each place of the template its value."""
    return {
        "ADMIN_PORT": str(addresses.edge_admin),
        "ALLOWED_ORIGINS": origins_pattern(allowed_origins),
        "DESCRIPTOR": str(assets.descriptor),
        "EDGE_HOST": addresses.edge_host,
        "EDGE_PORT": str(addresses.edge),
        "SERVICES_HOST": LOOPBACK,
        "SERVICES_PORT": str(addresses.services),
        "STREAM_ENDPOINTS": endpoints(worker.port for worker in addresses.streams),
        "WEB": str(assets.web),
    }


def endpoints(ports: Iterable[int]) -> str:
    """Write the stream workers on this machine as Envoy lists them."""
    places = (f"{{ address: {LOOPBACK}, port_value: {port} }}" for port in ports)
    return ", ".join(
        f"{{ endpoint: {{ address: {{ socket_address: {one} }} }} }}" for one in places
    )


def origins_pattern(origins: Iterable[str]) -> str:
    """Write origins as one regular expression that matches each of them and nothing else.

    Fails with UnsafeValue when one is not a scheme, a host and perhaps a port.
    """
    listed = list(origins)
    if not all(ORIGIN.fullmatch(origin) for origin in listed):
        raise UnsafeValue("ALLOWED_ORIGINS")
    return "|".join(origin.replace(".", "[.]") for origin in listed) or NO_ORIGIN
