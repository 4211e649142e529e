"""Tokens and keys on the wire."""

from dataclasses import asdict

from quarterdeck.api.auth.v1 import token_service_pb2 as pb
from quarterdeck_server.auth.domain.session import TokenPair
from quarterdeck_server.auth.keys import JsonWebKey
from quarterdeck_server.runtime.convert import timestamp_to


def token_pair_to(pair: TokenPair) -> pb.TokenPair:
    """Write a pair of tokens."""
    return pb.TokenPair(
        access_token=pair.access_token,
        access_expire_time=timestamp_to(pair.access_expire_time_ns),
        refresh_token=pair.refresh_token,
        refresh_expire_time=timestamp_to(pair.refresh_expire_time_ns),
    )


def json_web_key_to(key: JsonWebKey) -> pb.JsonWebKey:
    """Write a public key."""
    return pb.JsonWebKey(**asdict(key))
