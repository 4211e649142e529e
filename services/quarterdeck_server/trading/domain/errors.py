"""The refusals of the trading log that have a reason of their own."""

from quarterdeck_server.kernel.errors import Conflict, InstrumentNotFound, NotFound


class EventIdReused(Conflict):
    """An event identifier was used before for other content."""

    reason = "EVENT_ID_REUSED"

    def __init__(self, field: str, event_id: str) -> None:
        super().__init__(
            f"{field} {event_id} was used for another event", field=field, event_id=event_id
        )


class RequestIdReused(Conflict):
    """A request identifier was used before for another request."""

    reason = "REQUEST_ID_REUSED"

    def __init__(self) -> None:
        super().__init__("request_id was used for another request", field="request_id")


class FieldInstrumentNotFound(InstrumentNotFound):
    """No instrument has the identifier that a field names."""

    def __init__(self, field: str, instrument: str) -> None:
        super().__init__(instrument)
        self.metadata["field"] = field


class AccountNotFound(NotFound):
    """The log has no account that a field names."""

    def __init__(self, field: str, account: str) -> None:
        super().__init__("account", account)
        self.metadata["field"] = field


class FillNotFound(NotFound):
    """The log has no fill that a field names."""

    def __init__(self, field: str, trade_id: str) -> None:
        super().__init__("fill", trade_id)
        self.metadata["field"] = field
