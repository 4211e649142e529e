"""Audit records on the wire."""

from quarterdeck.api.auth.v1 import audit_event_pb2
from quarterdeck.api.auth.v1 import audit_service_pb2 as pb
from quarterdeck_server.auth.domain.audit import AuditEvent, AuditFilter, Verification
from quarterdeck_server.runtime.convert import timestamp_from, timestamp_to


def audit_event_to(event: AuditEvent) -> audit_event_pb2.AuditEvent:
    """Write a record."""
    return audit_event_pb2.AuditEvent(
        id=event.id,
        time=timestamp_to(event.time_ns),
        actor=event.actor,
        action=event.action,
        subject=event.subject,
        payload=event.payload,
        prev_hash=event.prev_hash,
        hash=event.hash,
    )


def filter_from(request: pb.ListAuditEventsRequest) -> AuditFilter:
    """Read which records are asked for."""
    start = request.start_time if request.HasField("start_time") else None
    end = request.end_time if request.HasField("end_time") else None
    return AuditFilter(
        actor=request.actor,
        action_prefix=request.action_prefix,
        start_ns=timestamp_from(start, "start_time") if start else None,
        end_ns=timestamp_from(end, "end_time") if end else None,
    )


def verification_to(verification: Verification) -> pb.VerifyAuditLogResponse:
    """Write how far the chain holds."""
    return pb.VerifyAuditLogResponse(
        verified_count=verification.verified_count,
        first_broken_id=verification.first_broken_id,
        head_hash=verification.head_hash,
    )
