"""What happened to positions, over the wire."""

import base64
import json

from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal

from quarterdeck.api.trading.v1 import position_change_pb2
from quarterdeck.api.trading.v1 import position_change_service_pb2 as pb

KIND = position_change_pb2.PositionChangeKind.Name


async def recorded(client: Client) -> None:
    """Two positions: one long, closed and short, of which a part came late; and one in euros."""
    await client.events.RecordEvents(
        events.batch(
            events.fill("10", "100", at=1, fee="1"),
            events.fill("30", "120", at=3, side="SELL", client_order_id="O-2", fee="3"),
            events.fill(
                "5", "50", at=4, instrument="SAP.XETR", strategy="B-001", client_order_id="O-3"
            ),
        )
    )
    await client.events.RecordEvents(events.batch(events.fill("10", "110", at=2)))


def rows(answer: pb.ListPositionChangesResponse) -> list[tuple[object, ...]]:
    found = answer.changes
    names = [f"{one.strategy}/{one.instrument}" for one in found.positions]
    columns = zip(
        [names[number] for number in found.position],
        [KIND(kind).removeprefix("POSITION_CHANGE_KIND_") for kind in found.kind],
        found.change,
        found.quantity,
        found.realised_profit,
        found.fee,
        strict=True,
    )
    return list(columns)


async def paged(client: Client) -> list[tuple[object, ...]]:
    """Read all changes in the smallest pages."""
    request, found = pb.ListPositionChangesRequest(page_size=1), []
    while True:
        page = await client.changes.ListPositionChanges(request)
        found += rows(page)
        request.page_token = page.next_page_token
        if not request.page_token:
            return found


AAPL, SAP = "Ema-001/AAPL.XNAS", "B-001/SAP.XETR"
WHOLE = [
    (SAP, "OPENED", 5, 5, 0, 0),
    (AAPL, "OPENED", 10, 10, 0, 1),
    (AAPL, "OPENED", 10, 20, 0, 0),
    (AAPL, "CLOSED", -20, 0, 300, 2),
    (AAPL, "OPENED", -10, -10, 0, 1),
]


async def test_changes_are_in_the_markets_order_on_one_page_or_many(
    ada: Client,
) -> None:
    await recorded(ada)
    answer = await ada.changes.ListPositionChanges(pb.ListPositionChangesRequest())
    assert rows(answer) == WHOLE
    assert answer.changes.positions[0].currency == "EUR"
    assert await paged(ada) == WHOLE


async def test_what_was_held_at_the_start_comes_first(ada: Client) -> None:
    await recorded(ada)
    request = pb.ListPositionChangesRequest(
        account="SIM-001", strategy="Ema-001", start_time=events.moment(3)
    )
    answer = await ada.changes.ListPositionChanges(request)
    assert rows(answer) == [(AAPL, "CARRIED", 0, 20, 0, 0), *WHOLE[3:]]
    assert (answer.changes.price[0], answer.changes.cost[0]) == (110, 2100)
    assert answer.changes.event_time_ns[0] == events.moment(2).ToNanoseconds()
    request.start_time.CopyFrom(events.moment(9))
    later = await ada.changes.ListPositionChanges(request)
    assert rows(later) == [(AAPL, "CARRIED", 0, -10, 0, 0)]


async def test_a_window_tells_what_the_whole_tells_of_its_time(ada: Client) -> None:
    changes = (10, -4, -6, 5, -9, 4, 7, -7, -3, 2)
    sides = ["BUY" if change > 0 else "SELL" for change in changes]
    fills = [
        events.fill(abs(change), 100 + 3 * at, side=sides[at], at=at, client_order_id=f"O-{at}")
        for at, change in enumerate(changes)
    ]
    await ada.events.RecordEvents(events.batch(*fills))
    whole = (await ada.changes.ListPositionChanges(pb.ListPositionChangesRequest())).changes
    start_ns = events.moment().ToNanoseconds()
    for at in range(1, len(changes) + 1):
        before = sum(time_ns < start_ns + at * 10**9 for time_ns in whole.event_time_ns)
        request = pb.ListPositionChangesRequest(start_time=events.moment(at))
        part = (await ada.changes.ListPositionChanges(request)).changes
        held = [row[before - 1] for row in (whole.quantity, whole.cost, whole.event_time_ns)]
        is_carried = held[0] != 0
        columns = (part.quantity, part.cost, part.event_time_ns)
        assert [row[0] for row in columns] == held or not is_carried
        for name in ("change", "quantity", "cost", "realised_profit", "event_id"):
            assert getattr(part, name)[is_carried:] == getattr(whole, name)[before:]


def page_token(token: str, held: str) -> str:
    """Make a token of one's own: one that says that so much was held."""
    digest, place = json.loads(base64.urlsafe_b64decode(token + "==="))
    text = json.dumps([digest, [*place[:-2], held, held]])
    return base64.urlsafe_b64encode(text.encode()).decode()


async def test_a_scope_holds_and_a_token_belongs_to_its_query(deck: Deck, ada: Client) -> None:
    await recorded(ada)
    page = await ada.changes.ListPositionChanges(pb.ListPositionChangesRequest(page_size=3))
    other = pb.ListPositionChangesRequest(strategy="B-001", page_token=page.next_page_token)
    _, info = await refusal(ada.changes.ListPositionChanges(other))
    assert info.reason == "PAGE_TOKEN_INVALID"
    for held in ("1E+999999", "1E-400", "sNaN"):
        own = page_token(page.next_page_token, held)
        with_own = pb.ListPositionChangesRequest(page_token=own)
        _, info = await refusal(ada.changes.ListPositionChanges(with_own))
        assert info.reason == "PAGE_TOKEN_INVALID", held
    theirs = (await deck.client("ada@SIM-002")).changes
    _, info = await refusal(
        theirs.ListPositionChanges(pb.ListPositionChangesRequest(account="SIM-001"))
    )
    assert info.reason == "SCOPE_FORBIDDEN"
    assert not rows(await theirs.ListPositionChanges(pb.ListPositionChangesRequest()))
    theirs = (await deck.client("ada@SIM-001/B-001")).changes
    assert rows(await theirs.ListPositionChanges(pb.ListPositionChangesRequest())) == WHOLE[:1]
    for account in ("", "SIM-001"):
        other = pb.ListPositionChangesRequest(account=account, strategy="Ema-001")
        _, info = await refusal(theirs.ListPositionChanges(other))
        assert (info.reason, info.metadata["field"]) == ("SCOPE_FORBIDDEN", "strategy")


async def test_splits_income_and_busts_count_where_they_belong(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    await ada.events.RecordEvents(
        events.batch(
            events.fill("10", "100", at=1),
            events.fill("99", "1", at=2, trade_id="T-bust"),
            events.fill("20", "60", at=6, side="SELL", client_order_id="O-2"),
        )
    )
    await ada.events.RecordAdjustments(
        events.adjustments(
            events.split(at=3),
            events.dividend(at=4),
            events.cash_flow("INTEREST", "7", at=5),
            events.cash_flow("DEPOSIT", "500", at=5),
            *(
                events.cash_flow("FUNDING", "3", at=at, strategy="Ema-001", instrument="AAPL.XNAS")
                for at in (4, 6, 6)
            ),
            events.bust("T-bust", at=9),
        )
    )
    answer = await ada.changes.ListPositionChanges(pb.ListPositionChangesRequest())
    assert rows(answer) == [
        ("/", "INCOME", 0, 0, 0, 0),
        (AAPL, "OPENED", 10, 10, 0, 0),
        (AAPL, "SPLIT", 10, 20, 0, 0),
        *[(AAPL, "INCOME", 0, 20, 0, 0)] * 4,
        (AAPL, "CLOSED", -20, 0, 200, 0),
    ]
    assert list(answer.changes.income) == [7, 0, 0, 20, 3, 3, 3, 0]
    assert await paged(ada) == rows(answer)
    window = pb.ListPositionChangesRequest(strategy="Ema-001", start_time=events.moment(5))
    later = await ada.changes.ListPositionChanges(window)
    assert (later.changes.price[0], later.changes.quantity[0]) == (50, 20)
    window.start_time.CopyFrom(events.moment(20))
    assert not (await ada.changes.ListPositionChanges(window)).changes.positions
