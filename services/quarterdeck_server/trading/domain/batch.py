"""A batch of events folded into what the log, the orders and the topics get. Pure."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from quarterdeck_server.kernel.money import exact
from quarterdeck_server.trading.domain.amendment import (
    Amendment,
    Bust,
    Correction,
    History,
    check_amendment,
    terms_of,
    with_terms,
)
from quarterdeck_server.trading.domain.errors import AccountNotFound, EventIdReused
from quarterdeck_server.trading.domain.event import AccountReport, Event
from quarterdeck_server.trading.domain.fill import Fill, FillKey, Holding, check_repeat
from quarterdeck_server.trading.domain.order import (
    Order,
    OrderChange,
    OrderStatus,
    changed,
    check_change,
    check_fill,
    filled,
    refilled,
)
from quarterdeck_server.trading.portfolio import Action, Dividend, Flow, Split, concerns

type OrderKey = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Reported:
    """An account state to be published."""

    account: str
    report: AccountReport
    time_ns: int


type Outcome = Order | Fill | Reported


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The accounts, and of a batch's instruments who held them and what happened to them."""

    accounts: Collection[str] = ()
    holdings: Collection[Holding] = ()
    actions: Collection[Action] = ()


NOWHERE = Surroundings()


@dataclass(slots=True)
class Batch:
    """What a batch comes to, on top of what the log knew.

    ``histories`` are those of amended fills; ``restated`` the positions whose fills must be taken
    anew, each with the time of the first that is not what it was.
    """

    position: int
    digests: dict[str, bytes]
    orders: dict[OrderKey, Order]
    fills: dict[FillKey, Fill]
    newest_ns: dict[Holding, int] = field(default_factory=dict)
    histories: dict[FillKey, History] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    duplicates: int = 0
    new_fills: list[tuple[Fill, int]] = field(default_factory=list)
    new_orders: dict[OrderKey, tuple[Order, int]] = field(default_factory=dict)
    amended: dict[FillKey, History] = field(default_factory=dict)
    restated: dict[Holding, int] = field(default_factory=dict)
    around: Surroundings = NOWHERE
    new_flows: list[tuple[Flow, int]] = field(default_factory=list)
    new_actions: list[tuple[Action, int]] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    known_orders: dict[OrderKey, Order] = field(init=False)
    known_fills: dict[FillKey, Fill] = field(init=False)
    newly_traded: set[Holding] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Keep what was before."""
        self.known_orders, self.known_fills = dict(self.orders), dict(self.fills)

    def fold(self, events: Iterable[Event]) -> None:
        """Take events one by one; the first that cannot be accepted fails the whole batch."""
        with exact():
            for event in events:
                if self._is_known(event):
                    self.duplicates += 1
                    continue
                self.digests[event.event_id] = event.digest
                self.events.append(event)
                self.position += 1
                self._take(event)

    def changed_past(self, shown_ns: Callable[[str], int], patience_ns: int) -> dict[Holding, int]:
        """Return the positions that are not what accounts showed, and since when.

        ``shown_ns`` tells up to when an account was shown. What comes in time may be a little
        late all the same: curves have no finer points. Cash is of no strategy and no instrument.
        """
        told = [(fill.holding, fill.event_time_ns) for fill, _ in self.new_fills]
        told += [((flow.account, "", ""), flow.market_ns) for flow, _ in self.new_flows]
        since: dict[Holding, int] = {}
        for holding, time_ns in told:
            if 0 < time_ns < shown_ns(holding[0]) - patience_ns:
                since[holding] = min(since.get(holding, time_ns), time_ns)
        for holding, time_ns in self.restated.items():
            if time_ns <= shown_ns(holding[0]):
                since[holding] = min(since.get(holding, time_ns), time_ns)
        return since

    def unsettled(self) -> dict[Holding, int]:
        """Return the positions that are taken anew, and from when on the book may know too little.

        A fill of the batch that came in time may be of an earlier time than the one that did not.
        """
        since = dict(self.restated)
        for fill, _ in self.new_fills:
            if fill.holding in since:
                since[fill.holding] = min(since[fill.holding], fill.event_time_ns)
        return since

    def paid_in(self) -> Iterator[tuple[str, str]]:
        """Yield accounts and the currencies in which cash flows and dividends reached them."""
        for flow, _ in self.new_flows:
            yield flow.account, flow.money.currency
        for action, _ in self.new_actions:
            if isinstance(action, Dividend):
                holders = (one for one in self.restated if one[2] == action.instrument)
                yield from ((account, action.per_unit.currency) for account, _, _ in holders)

    def _is_known(self, event: Event) -> bool:
        known = self.digests.get(event.event_id)
        if known is not None and known != event.digest:
            raise EventIdReused(f"{event.path}.event_id", event.event_id)
        return known is not None

    def _take(self, event: Event) -> None:
        match event.body:
            case OrderChange():
                self._take_order(event, event.body)
            case Fill():
                self._take_fill(event, event.body)
            case Correction() | Bust():
                self._take_amendment(event, event.body)
            case Flow():
                self._take_flow(event, event.body)
            case Split() | Dividend():
                self._take_action(event, event.body)
            case AccountReport():
                word = event.word
                self.outcomes.append(Reported(word.account, event.body, word.time_ns))

    def _take_order(self, event: Event, change: OrderChange) -> None:
        key = (event.word.account, change.client_order_id)
        known = self.orders.get(key)
        check_change(known, change, event.word.strategy, event.path)
        self._put(key, changed(known, change, event.word))

    def _take_fill(self, event: Event, fill: Fill) -> None:
        if known := self.fills.get(fill.key):
            # Told again under another identifier: the log keeps the event, nothing else changes.
            check_repeat(known, self._first(known), fill, event.path)
            return
        key = (fill.account, fill.client_order_id)
        order = self.orders.get(key)
        check_fill(order, fill, event.path)
        unknown = order is None or order.claim is OrderStatus.ORDER_UNKNOWN
        newest_ns = self.newest_ns.get(fill.holding, 0)
        is_late = fill.event_time_ns < max(newest_ns, self._acted_ns(fill))
        fill = fill.placed(self.position, order_unknown=unknown, is_late=is_late)
        if not newest_ns:
            self.newly_traded.add(fill.holding)
        self.newest_ns[fill.holding] = max(newest_ns, fill.event_time_ns)
        if fill.is_late:
            self._restate(fill)
        self.fills[fill.key] = fill
        self.new_fills.append((fill, self.position))
        self.outcomes.append(fill)
        self._put(key, filled(order, fill))

    def _take_amendment(self, event: Event, amendment: Amendment) -> None:
        path = f"{event.path}.{event.kind}"
        known = self.fills.get(amendment.key)
        known = check_amendment(known, amendment, event.word.strategy, path)
        history = self._history(known).amended(self.position, amendment)
        self.histories[known.key] = self.amended[known.key] = history
        fill = self.fills[known.key] = history.applied(known)
        if fill == known:
            return
        self._restate(fill)
        self.outcomes.append(fill)
        key = (fill.account, fill.client_order_id)
        self._put(key, refilled(self.orders[key], known, fill))

    def _take_flow(self, event: Event, flow: Flow) -> None:
        if flow.counter_account:
            self._require_account(f"{event.path}.cash_flow.counter_account", flow.counter_account)
        self.new_flows.append((flow, self.position))
        if flow.counter_account:
            self.new_flows.append((flow.mirrored(), self.position))

    def _take_action(self, event: Event, action: Action) -> None:
        """Have everybody who holds the instrument taken anew: actions are few."""
        if event.word.account:
            self._require_account(f"{event.path}.account", event.word.account)
        self.new_actions.append((action, self.position))
        traded = (fill.holding for fill, _ in self.new_fills)
        for holding in {*self.around.holdings, *traded}:
            account, _, instrument = holding
            if instrument == action.instrument and concerns(action, account):
                since = self.restated.get(holding, action.time_ns)
                self.restated[holding] = min(since, action.time_ns)

    def _require_account(self, field: str, account: str) -> None:
        """Refuse an account that neither the log nor an event before this one knows."""
        told = (event.word.account for event in self.events[:-1])
        if account not in self.around.accounts and account not in told:
            raise AccountNotFound(field, account)

    def _acted_ns(self, fill: Fill) -> int:
        actions = (*self.around.actions, *(action for action, _ in self.new_actions))
        return max(
            (
                action.time_ns
                for action in actions
                if action.instrument == fill.instrument and concerns(action, fill.account)
            ),
            default=0,
        )

    def _restate(self, fill: Fill) -> None:
        since = self.restated.get(fill.holding, fill.event_time_ns)
        self.restated[fill.holding] = min(since, fill.event_time_ns)

    def _history(self, fill: Fill) -> History:
        return self.histories.get(fill.key) or History(fill.position, terms_of(fill))

    def _first(self, fill: Fill) -> Fill:
        known = self.histories.get(fill.key)
        return fill if known is None else with_terms(fill, known.first)

    def _put(self, key: OrderKey, order: Order) -> None:
        self.orders[key] = order
        self.new_orders[key] = (order, self.position)
        self.outcomes.append(order)


def order_keys(events: Iterable[Event]) -> set[OrderKey]:
    """Return the orders that events concern."""
    return {
        (event.word.account, event.body.client_order_id)
        for event in events
        if isinstance(event.body, OrderChange | Fill | Correction | Bust)
    }


def fill_keys(events: Iterable[Event]) -> set[FillKey]:
    """Return the keys of the fills that events tell or amend."""
    told = (event.body for event in events)
    return {body.key for body in told if isinstance(body, Fill | Correction | Bust)}


def holdings(events: Iterable[Event]) -> set[Holding]:
    """Return the positions that the fills among events change."""
    return {event.body.holding for event in events if isinstance(event.body, Fill)}


def newest_reports(outcomes: Iterable[Outcome]) -> Mapping[str, Reported]:
    """Return the last report of each account."""
    return {found.account: found for found in outcomes if isinstance(found, Reported)}
