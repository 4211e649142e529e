"""Breaks and statements to messages and back."""

from collections.abc import Sequence

from quarterdeck.api.stream.v1 import notice_pb2
from quarterdeck.api.trading.v1 import break_pb2
from quarterdeck.api.trading.v1 import reconciliation_service_pb2 as pb
from quarterdeck_server.runtime.convert import decimal_to, timestamp_from, timestamp_to
from quarterdeck_server.trading.domain.broker_file import Declared
from quarterdeck_server.trading.domain.reconciliation import Break
from quarterdeck_server.trading.domain.statement import Subject, Terms


def declared_from(message: pb.BrokerStatement) -> Declared:
    """Read what a statement is said to be complete for."""
    start = end = None
    if message.HasField("start_time"):
        start = timestamp_from(message.start_time, "statement.start_time")
    if message.HasField("end_time"):
        end = timestamp_from(message.end_time, "statement.end_time")
    subjects = frozenset(Subject(subject) for subject in message.subjects)
    return Declared(frozenset(message.accounts), subjects, start, end)


def break_to(found: Break) -> break_pb2.Break:
    """Write a break."""
    item, theirs, ours = found.difference.item, found.difference.source, found.difference.log
    message = break_pb2.Break(
        name=found.name,
        source=found.source,
        subject=break_pb2.BreakSubject.ValueType(item.subject),
        kind=break_pb2.BreakKind.ValueType(found.difference.kind),
        account=item.account,
        strategy=item.strategy,
        instrument=item.instrument,
        currency=item.currency,
        reference=item.reference,
        state=break_pb2.BREAK_STATE_OPEN if found.is_open else break_pb2.BREAK_STATE_RESOLVED,
        seen_count=found.seen_count,
        create_time=timestamp_to(found.create_time_ns),
        seen_time=timestamp_to(found.seen_time_ns),
        reason=found.reason,
        resolver=found.resolver,
    )
    _say(message, "source", theirs)
    _say(message, "log", ours)
    if found.resolve_time_ns is not None:
        message.resolve_time.CopyFrom(timestamp_to(found.resolve_time_ns))
    return message


def notice_to(source: str, numbers: Sequence[int]) -> notice_pb2.Notice:
    """Write what people are told of new breaks: no account, since everybody may hear it."""
    count = f"{len(numbers)} new breaks" if len(numbers) > 1 else "A new break"
    other = "itself" if source == "log" else source
    return notice_pb2.Notice(
        severity=notice_pb2.NOTICE_SEVERITY_WARNING,
        subject=f"breaks/{numbers[0]}",
        text=f"{count} between the trading log and {other}.",
    )


def _say(message: break_pb2.Break, side: str, terms: Terms | None) -> None:
    if terms is None:
        return
    getattr(message, f"{side}_quantity").CopyFrom(decimal_to(terms.quantity))
    if terms.price is not None:
        getattr(message, f"{side}_price").CopyFrom(decimal_to(terms.price))
