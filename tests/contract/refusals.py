"""How each error reason comes about, through a real deck; tests compare with the contract."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable

import grpc
import jwt
from google.protobuf.message import Message
from google.rpc.status_pb2 import Status
from tests.contract.conftest import ACCOUNT, PASSWORD, Deck
from tests.examples import INSTRUMENT, RPCS, instrument
from tests.protocols import Fields, Grpc

type Provoke = Callable[[Deck], Awaitable[Status]]

PROVOKED: dict[str, Provoke] = {}


def provokes(reason: str) -> Callable[[Provoke], Provoke]:
    """Register how a reason comes about."""

    def register(work: Provoke) -> Provoke:
        PROVOKED[reason] = work
        return work

    return register


async def refused(
    deck: Deck, name: str, fields: Fields, metadata: tuple[tuple[str, str], ...] | None = None
) -> Status:
    """Call and return the status of the refusal."""
    try:
        await answer(deck, name, fields, metadata)
    except grpc.aio.AioRpcError as error:
        return status_of(error)
    raise AssertionError(f"{name} was not refused")


async def answer(
    deck: Deck, name: str, fields: Fields, metadata: tuple[tuple[str, str], ...] | None = None
) -> Message | None:
    """Call and return the answer, the last one of a stream."""
    rpc = RPCS[name]
    make = deck.channel.unary_stream if rpc.streams else deck.channel.unary_unary
    codecs = rpc.request.SerializeToString, rpc.response.FromString
    request = Grpc.request(rpc, fields)
    call = make(rpc.path, *codecs)(
        request, metadata=deck.metadata() if metadata is None else metadata, timeout=30
    )
    if not rpc.streams:
        return await call
    last = None
    async for message in call:
        last = message
    return last


def status_of(error: grpc.aio.AioRpcError) -> Status:
    trailing = dict(error.trailing_metadata() or ())
    return Status.FromString(trailing.get("grpc-status-details-bin", b""))


def token_with(deck: Deck, **claims: object) -> tuple[tuple[str, str], ...]:
    """A token that the deck could have signed."""
    real = jwt.decode(deck.tokens["ADMIN"], options={"verify_signature": False})
    header = jwt.get_unverified_header(deck.tokens["ADMIN"])
    token = jwt.encode(real | claims, deck.key, "ES256", headers=header)
    return (("authorization", f"Bearer {token}"),)


async def upsert(deck: Deck) -> None:
    await answer(
        deck,
        "InstrumentService/UpsertInstrument",
        {"instrument": instrument(INSTRUMENT, "EQUITY")},
    )


def bars(close: float) -> Fields:
    prices = {name: [100.0] for name in ("open", "high", "low", "volume")}
    time_ns = ["1325624400000000000"]
    batch = {"instrument": INSTRUMENT, "interval": "1d", "closeTimeNs": time_ns, **prices}
    return {"bars": [{**batch, "close": ["NaN" if close != close else close]}]}  # noqa: PLR0124


@provokes("FIELD_INVALID")
async def _(deck: Deck) -> Status:
    await upsert(deck)
    return await refused(deck, "IngestService/Publish", bars(float("nan")))


@provokes("TOKEN_MISSING")
async def _(deck: Deck) -> Status:
    return await refused(deck, "TokenService/GetCaller", {}, ())


@provokes("TOKEN_INVALID")
async def _(deck: Deck) -> Status:
    return await refused(deck, "TokenService/GetCaller", {}, (("authorization", "Bearer x.y.z"),))


@provokes("TOKEN_EXPIRED")
async def _(deck: Deck) -> Status:
    return await refused(deck, "TokenService/GetCaller", {}, token_with(deck, exp=1_700_000_000))


@provokes("TOKEN_REVOKED")
async def _(deck: Deck) -> Status:
    pair = await sign_in(deck, "viewer")
    metadata = (("authorization", f"Bearer {pair}"),)
    await answer(deck, "TokenService/RevokeToken", {}, metadata)
    async with asyncio.timeout(5):
        while True:
            try:
                await answer(deck, "TokenService/GetCaller", {}, metadata)
            except grpc.aio.AioRpcError as error:
                return status_of(error)
            await asyncio.sleep(0.02)


async def sign_in(deck: Deck, principal: str) -> str:
    credential = {"password": {"principalId": principal, "password": PASSWORD}}
    issued = await answer(deck, "TokenService/IssueToken", credential, ())
    return str(issued.tokens.access_token)


@provokes("CREDENTIALS_INVALID")
async def _(deck: Deck) -> Status:
    credential = {"password": {"principalId": "nobody", "password": "wrong"}}
    return await refused(deck, "TokenService/IssueToken", credential, ())


@provokes("PERMISSION_MISSING")
async def _(deck: Deck) -> Status:
    return await refused(deck, "PortfolioService/GetPortfolio", {}, deck.bare_metadata())


@provokes("SCOPE_FORBIDDEN")
async def _(deck: Deck) -> Status:
    scope = {"account": "SIM-002"}
    return await refused(deck, "PortfolioService/GetPortfolio", scope, deck.metadata("NODE"))


@provokes("INSTRUMENT_NOT_FOUND")
async def _(deck: Deck) -> Status:
    return await refused(deck, "InstrumentService/GetInstrument", {"instrument": "NOPE.XNAS"})


@provokes("RESOURCE_NOT_FOUND")
async def _(deck: Deck) -> Status:
    return await refused(deck, "NodeService/GetNode", {"name": "nodes/demo"})


@provokes("RESOURCE_EXISTS")
async def _(deck: Deck) -> Status:
    person = {"principalId": "ada", "kind": "PRINCIPAL_KIND_PERSON", "roles": ["ROLE_VIEWER"]}
    person["password"] = PASSWORD
    try:
        await answer(deck, "PrincipalService/CreatePrincipal", person)
    except grpc.aio.AioRpcError as error:
        return status_of(error)
    return await refused(deck, "PrincipalService/CreatePrincipal", person)


@provokes("PAGE_TOKEN_INVALID")
async def _(deck: Deck) -> Status:
    return await refused(deck, "TradingEventService/ListOrders", {"pageToken": "bm9wZQ"})


@provokes("CURSOR_INVALID")
async def _(deck: Deck) -> Status:
    cursors = [{"topic": "quotes/OTHER.XNAS", "epoch": "1", "sequence": "1"}]
    subscription = {"topic": f"quotes/{INSTRUMENT}", "cursors": cursors}
    return await refused(deck, "StreamService/Watch", {"subscriptions": [subscription]})


@provokes("TOPIC_INVALID")
async def _(deck: Deck) -> Status:
    subscriptions = [{"topic": "qotes/AAPL.XNAS"}]
    return await refused(deck, "StreamService/Watch", {"subscriptions": subscriptions})


def order(event_id: str, quantity: str) -> Fields:
    return {
        "eventId": event_id,
        "eventTime": "2012-01-03T15:00:00Z",
        "account": ACCOUNT,
        "strategy": "S-1",
        "order": {
            "clientOrderId": f"O-{event_id}",
            "instrument": INSTRUMENT,
            "status": "ORDER_STATUS_ACCEPTED",
            "side": "ORDER_SIDE_BUY",
            "orderType": "ORDER_TYPE_MARKET",
            "quantity": {"value": quantity},
        },
    }


async def register(deck: Deck) -> None:
    accounts = [{"account": ACCOUNT, "baseCurrency": "USD"}]
    node = {"nodeId": "refusals", "mode": "NODE_MODE_PAPER", "accounts": accounts}
    await answer(deck, "NodeService/RegisterNode", node)


@provokes("EVENT_ID_REUSED")
async def _(deck: Deck) -> Status:
    await upsert(deck)
    await register(deck)
    reused = uuid.uuid4().hex
    first = {"node": "nodes/refusals", "events": [order(reused, "1")]}
    await answer(deck, "TradingEventService/RecordEvents", first)
    fresh = [order(uuid.uuid4().hex, "1") for _ in range(3)]
    second = {"node": "nodes/refusals", "events": [*fresh, order(reused, "2")]}
    return await refused(deck, "TradingEventService/RecordEvents", second)


@provokes("REQUEST_ID_REUSED")
async def _(deck: Deck) -> Status:
    await register(deck)
    request_id = uuid.uuid4().hex
    name: Fields = {"name": "nodes/refusals", "requestId": request_id}
    await answer(deck, "NodeService/SendCommand", {**name, "kind": "COMMAND_KIND_SAVE_STATE"})
    other = {**name, "kind": "COMMAND_KIND_STOP_NODE"}
    return await refused(deck, "NodeService/SendCommand", other)


@provokes("ETAG_MISMATCH")
async def _(deck: Deck) -> Status:
    change = {"name": "principals/viewer", "etag": "stale", "displayName": "x"}
    return await refused(deck, "PrincipalService/UpdatePrincipal", change)


@provokes("STATE_FORBIDS")
async def _(deck: Deck) -> Status:
    started = {"name": "sources/replay", "replay": {"dataset": "bundled", "secondsPerDay": 600}}
    other = {"name": "sources/replay", "replay": {"dataset": "bundled", "secondsPerDay": 5}}
    await answer(deck, "SourceService/StartSource", started)
    try:
        return await refused(deck, "SourceService/StartSource", other)
    finally:
        await answer(deck, "SourceService/StopSource", {"name": "sources/replay"})


@provokes("LIMIT_EXCEEDED")
async def _(deck: Deck) -> Status:
    topics = [{"topic": f"quotes/I{n}.XNAS"} for n in range(1_001)]
    return await refused(deck, "StreamService/Watch", {"subscriptions": topics})


@provokes("MESSAGE_TOO_LARGE")
async def _(deck: Deck) -> Status:
    return await refused(deck, "IngestService/Publish", {"requestId": "x" * 5_000_000})


@provokes("FILE_INVALID")
async def _(deck: Deck) -> Status:
    rows = "".join(f"2012-01-{day:02},1,1,1,1,1\n" for day in range(2, 17))
    file = deck.folder / "replay" / "aapl.csv"
    file.write_text(f"time,open,high,low,close,volume\n{rows}2012-01-17,1,1,1,nan,1\n")
    replay = {"dataset": "aapl.csv", "instrument": INSTRUMENT}
    return await refused(
        deck, "SourceService/StartSource", {"name": "sources/replay", "replay": replay}
    )


@provokes("SESSION_CLOSED")
async def _(deck: Deck) -> Status:
    watch = RPCS["StreamService/Watch"]
    codecs = watch.request.SerializeToString, watch.response.FromString
    request = watch.request(subscriptions=[{"topic": "notices/*"}])
    stream = deck.channel.unary_stream(watch.path, *codecs)(request, metadata=deck.metadata())
    answers = aiter(stream)
    opened = (await anext(answers)).controls[0].session_opened
    name = f"connections/{opened.session_id}"
    await answer(deck, "ConnectionService/CloseConnection", {"name": name, "note": "maintenance"})
    try:
        async for _ in answers:
            pass
    except grpc.aio.AioRpcError as error:
        return status_of(error)
    raise AssertionError("the stream was not closed")
