"""API keys on the wire."""

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.api.auth.v1 import api_key_pb2
from quarterdeck.api.auth.v1 import api_key_service_pb2 as pb
from quarterdeck_server.auth.domain import principal
from quarterdeck_server.auth.domain.api_key import ApiKey
from quarterdeck_server.runtime.convert import timestamp_from, timestamp_to


def api_key_to(key: ApiKey) -> api_key_pb2.ApiKey:
    """Write a key, which has no secret any more."""
    return api_key_pb2.ApiKey(
        name=key.name,
        principal=principal.COLLECTION + key.principal,
        display_name=key.display_name,
        prefix=key.prefix,
        create_time=timestamp_to(key.create_time_ns),
        expire_time=_time(key.expire_time_ns),
        revoke_time=_time(key.revoke_time_ns),
        last_use_time=_time(key.last_use_time_ns),
    )


def expire_time_from(request: pb.CreateApiKeyRequest) -> int | None:
    """Read when a key shall stop working, if ever."""
    if not request.HasField("expire_time"):
        return None
    return timestamp_from(request.expire_time, "expire_time")


def owner_from(request: pb.ListApiKeysRequest) -> str:
    """Read whose keys are asked for; empty means everybody's."""
    return principal.id_from_name(request.principal, "principal") if request.principal else ""


def _time(ns: int | None) -> Timestamp | None:
    return None if ns is None else timestamp_to(ns)
