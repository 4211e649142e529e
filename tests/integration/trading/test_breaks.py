"""Breaks: found once, told to people, gone when both sides agree, resolved with a reason."""

import grpc
import pytest
from tests.integration.trading import events
from tests.integration.trading.conftest import Client, Deck
from tests.integration.trading.waiting import refusal, until

from quarterdeck.api.stream.v1.notice_pb2 import Notice
from quarterdeck.api.trading.v1 import break_pb2, node_pb2
from quarterdeck.api.trading.v1 import reconciliation_service_pb2 as pb
from quarterdeck_server.trading import reconciler


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look after breaks more often than once a second."""
    monkeypatch.setattr(reconciler, "LOOK_EVERY_S", 0.1)


HEADER = "record,account,instrument,quantity,price,trade_id,order_id,currency,time\n"


def statement(*rows: str, **more) -> pb.ReconcileRequest:
    csv = HEADER + "".join(f"{row}\n" for row in rows)
    written = pb.BrokerStatement(broker="brokers/acme", csv=csv, **more)
    return pb.ReconcileRequest(statement=written)


async def listed(client: Client, **filters) -> list[break_pb2.Break]:
    return [*(await client.breaks.ListBreaks(pb.ListBreaksRequest(**filters))).breaks]


async def test_a_broker_that_agrees_with_the_log_leaves_no_break(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    bought = events.fill("10", "100", trade_id="T-1")
    await ada.events.RecordEvents(events.batch(events.order(), bought, events.order("O-2")))
    answer = await ada.breaks.Reconcile(
        statement(
            "position,SIM-001,AAPL.XNAS,10,,,,,",
            f"fill,SIM-001,AAPL.XNAS,10,100,T-1,,,{events.DAY_S}000000000",
            "order,SIM-001,AAPL.XNAS,10,,,O-2,,",
            "cash,SIM-001,,999000,,,,USD,",
        )
    )
    assert answer == pb.ReconcileResponse()


async def test_every_subject_can_break_and_breaks_once_and_never_in_a_dry_run(ada: Client) -> None:
    await ada.nodes.RegisterNode(events.registration())
    bought = events.fill("10", "100", trade_id="T-1")
    await ada.events.RecordEvents(events.batch(events.order(), bought, events.order("O-2")))
    told = statement(
        "position,SIM-001,AAPL.XNAS,12,,,,,",
        f"fill,SIM-001,AAPL.XNAS,10,101,T-1,,,{events.DAY_S}000000000",
        "order,SIM-001,AAPL.XNAS,5,,,O-9,,",
        "cash,SIM-001,,1,,,,EUR,",
    )
    told.dry_run = True
    assert (await ada.breaks.Reconcile(told)).breaks[0].name == ""
    assert await listed(ada) == []
    told.dry_run = False
    assert (await ada.breaks.Reconcile(told)).opened_count == 6
    assert (await ada.breaks.Reconcile(told)).seen_count == 6
    kinds = {(found.subject, found.kind) for found in await listed(ada)}
    assert kinds == {
        (break_pb2.BREAK_SUBJECT_POSITION, break_pb2.BREAK_KIND_QUANTITY),
        (break_pb2.BREAK_SUBJECT_FILL, break_pb2.BREAK_KIND_PRICE),
        (break_pb2.BREAK_SUBJECT_ORDER, break_pb2.BREAK_KIND_MISSING),
        (break_pb2.BREAK_SUBJECT_ORDER, break_pb2.BREAK_KIND_EXTRA),
        (break_pb2.BREAK_SUBJECT_CASH, break_pb2.BREAK_KIND_MISSING),
        (break_pb2.BREAK_SUBJECT_CASH, break_pb2.BREAK_KIND_EXTRA),
    }


async def test_a_break_that_is_gone_is_resolved_by_the_next_comparison(ada: Client) -> None:
    told = statement("position,SIM-001,AAPL.XNAS,10,,,,,")
    await ada.breaks.Reconcile(told)
    await ada.events.RecordEvents(events.batch(events.fill("10")))
    assert (await ada.breaks.Reconcile(told)).closed_count == 1
    (found,) = await listed(ada, source="brokers/acme")
    assert (found.state, found.resolver) == (break_pb2.BREAK_STATE_RESOLVED, "")


async def test_a_resolved_break_stays_resolved_and_knows_who_and_why(ada: Client) -> None:
    told = statement("position,SIM-001,AAPL.XNAS,12,,,,,")
    name = (await ada.breaks.Reconcile(told)).breaks[0].name
    request = pb.ResolveBreakRequest(name=name, reason="a gift")
    resolved = (await ada.breaks.ResolveBreak(request)).resolved
    assert (resolved.reason, resolved.resolver) == ("a gift", "principals/ada")
    assert (await ada.breaks.ResolveBreak(request)).resolved == resolved
    assert (await ada.breaks.Reconcile(told)).accepted_count == 1
    other = pb.ResolveBreakRequest(name=name, reason="no gift")
    code, info = await refusal(ada.breaks.ResolveBreak(other))
    assert (code, info.reason) == (grpc.StatusCode.FAILED_PRECONDITION, "STATE_FORBIDS")


async def test_a_node_whose_cache_differs_leaves_a_break_until_it_agrees(ada: Client) -> None:
    await ada.events.RecordEvents(events.batch(events.order(), events.fill("10")))
    await ada.nodes.RegisterNode(events.registration())
    (found,) = await listed(ada, source="nodes/demo", state=break_pb2.BREAK_STATE_OPEN)
    assert (found.strategy, found.log_quantity.value) == ("Ema-001", "10")
    held = node_pb2.CachedPosition(
        account="SIM-001", strategy="Ema-001", instrument="AAPL.XNAS", quantity=events.number(10)
    )
    await ada.nodes.RegisterNode(events.registration(positions=[held]))
    assert await listed(ada, state=break_pb2.BREAK_STATE_OPEN) == []


async def test_a_node_that_registers_before_its_last_events_leaves_no_break(ada: Client) -> None:
    held = node_pb2.CachedPosition(
        account="SIM-001", strategy="Ema-001", instrument="AAPL.XNAS", quantity=events.number(10)
    )
    await ada.nodes.RegisterNode(events.registration(positions=[held]))
    (found,) = await listed(ada, state=break_pb2.BREAK_STATE_OPEN)
    assert found.kind == break_pb2.BREAK_KIND_MISSING
    await ada.events.RecordEvents(events.batch(events.order(), events.fill("10")))
    await until(lambda: listed(ada, source="nodes/demo", state=break_pb2.BREAK_STATE_RESOLVED))


async def test_a_fill_whose_order_stays_unknown_is_a_break_until_its_node_tells(
    ada: Client,
) -> None:
    await ada.events.RecordEvents(events.batch(events.fill("10", client_order_id="O-7")))
    (found,) = await until(lambda: listed(ada, state=break_pb2.BREAK_STATE_OPEN))
    assert (found.kind, found.reference) == (break_pb2.BREAK_KIND_ORDER_UNKNOWN, "O-7")
    await ada.events.RecordEvents(events.batch(events.order("O-7", "FILLED")))
    await until(lambda: listed(ada, state=break_pb2.BREAK_STATE_RESOLVED))


async def test_an_order_that_no_venue_answers_is_a_break(ada: Client) -> None:
    sent = events.batch(events.order("O-8", "SUBMITTED"), events.order("O-9", "ACCEPTED"))
    await ada.events.RecordEvents(sent)
    (found,) = await until(lambda: listed(ada))
    assert (found.kind, found.reference) == (break_pb2.BREAK_KIND_ORDER_UNANSWERED, "O-8")


async def test_new_breaks_are_announced_once(deck: Deck, ada: Client) -> None:
    async with deck.shared.bus.subscribe({"notices"}) as batches:
        for quantity in (12, 13):
            told = statement(f"position,SIM-001,AAPL.XNAS,{quantity},,,,,")
            await ada.breaks.Reconcile(told)
            await deck.area.reconciler.look()
        (message,) = (await anext(aiter(batches))).messages
    notice = Notice.FromString(message.payload)
    assert message.topic == "notices/reconciliation"
    assert notice.text == "A new break between the trading log and brokers/acme."


async def test_a_scoped_principal_meets_its_own_breaks_alone(deck: Deck, ada: Client) -> None:
    rows = [f"position,{account},AAPL.XNAS,1,,,,," for account in ("SIM-001", "SIM-002")]
    await ada.breaks.Reconcile(statement(*rows))
    scoped = await deck.client("bob@SIM-001")
    assert [found.account for found in await listed(scoped)] == ["SIM-001"]
    first = await ada.breaks.ListBreaks(pb.ListBreaksRequest(page_size=1))
    (second,) = await listed(ada, page_size=1, page_token=first.next_page_token)
    assert second.name != first.breaks[0].name
    (foreign,) = await listed(ada, account="SIM-002")
    for call in (
        scoped.breaks.GetBreak(pb.GetBreakRequest(name=foreign.name)),
        scoped.breaks.Reconcile(statement(*rows)),
    ):
        assert (await refusal(call))[1].reason == "SCOPE_FORBIDDEN"
    unknown = ada.breaks.Reconcile(pb.ReconcileRequest(broker="brokers/other"))
    assert (await refusal(unknown))[1].reason == "RESOURCE_NOT_FOUND"
