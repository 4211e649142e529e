"""Who may call what: a matrix over every rpc of the contract."""

import time

import grpc
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from tests.contract.conftest import Deck
from tests.rpcs import Rpc, rpcs

from quarterdeck_server.auth.domain.role import GRANTS, Role

pytestmark = pytest.mark.asyncio(loop_scope="session")

GUARDED = [rpc for rpc in rpcs() if rpc.permission != "PUBLIC"]
RESTRICTED = [rpc for rpc in GUARDED if rpc.permission != "ANY"]


def name(rpc: Rpc) -> str:
    return rpc.name


async def refusal(deck: Deck, rpc: Rpc, metadata: tuple[tuple[str, str], ...]) -> ErrorInfo:
    """Call with an empty request and return why it was refused."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(deck, rpc, metadata)
    trailing = dict(caught.value.trailing_metadata() or ())
    info = ErrorInfo()
    status = Status.FromString(trailing["grpc-status-details-bin"])
    assert status.details[0].Unpack(info)
    assert status.code == caught.value.code().value[0]
    return info


async def call(deck: Deck, rpc: Rpc, metadata: tuple[tuple[str, str], ...]) -> None:
    make = deck.channel.unary_stream if rpc.streams else deck.channel.unary_unary
    codecs = rpc.request.SerializeToString, rpc.response.FromString
    answer = make(rpc.path, *codecs)(rpc.request(), metadata=metadata, timeout=5)
    if rpc.streams:
        await answer.read()
    else:
        await answer


@pytest.mark.parametrize("rpc", GUARDED, ids=name)
async def test_no_token_is_refused(deck: Deck, rpc: Rpc) -> None:
    assert (await refusal(deck, rpc, ())).reason == "TOKEN_MISSING"


@pytest.mark.parametrize("rpc", GUARDED, ids=name)
async def test_a_forged_token_is_refused(deck: Deck, rpc: Rpc) -> None:
    """Right claims, right key identifier, another key."""
    real = deck.tokens["ADMIN"]
    claims = jwt.decode(real, options={"verify_signature": False})
    header = jwt.get_unverified_header(real)
    key = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode(claims, key, "ES256", headers=header)
    metadata = (("authorization", f"Bearer {forged}"),)
    assert (await refusal(deck, rpc, metadata)).reason == "TOKEN_INVALID"


@pytest.mark.parametrize("rpc", RESTRICTED, ids=name)
async def test_a_caller_without_the_permission_is_refused(deck: Deck, rpc: Rpc) -> None:
    lacking = [role for role in Role if rpc.permission not in GRANTS[role]]
    metadata = deck.metadata(lacking[0]) if lacking else deck.bare_metadata()
    info = await refusal(deck, rpc, metadata)
    assert info.reason == "PERMISSION_MISSING"
    assert info.metadata["permission"] == rpc.permission


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_a_token_of_another_algorithm_is_refused(deck: Deck, algorithm: str) -> None:
    claims = jwt.decode(deck.tokens["ADMIN"], options={"verify_signature": False})
    key = None if algorithm == "none" else "x" * 32
    header = jwt.get_unverified_header(deck.tokens["ADMIN"])
    forged = jwt.encode(claims, key, algorithm, headers={"kid": header["kid"]})
    rpc = next(rpc for rpc in rpcs() if rpc.name == "TokenService/GetCaller")
    metadata = (("authorization", f"Bearer {forged}"),)
    assert (await refusal(deck, rpc, metadata)).reason == "TOKEN_INVALID"


async def test_a_token_without_its_claims_is_refused(deck: Deck) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    forged = jwt.encode({"exp": time.time() + 60}, key, "ES256")
    rpc = next(rpc for rpc in rpcs() if rpc.name == "TokenService/GetCaller")
    metadata = (("authorization", f"Bearer {forged}"),)
    assert (await refusal(deck, rpc, metadata)).reason == "TOKEN_INVALID"
