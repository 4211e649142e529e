"""Execution quality to and from messages."""

import math
from collections.abc import Mapping

from google.protobuf.timestamp_pb2 import Timestamp

from quarterdeck.api.analytics.v1 import execution_pb2 as pb
from quarterdeck.api.analytics.v1 import execution_service_pb2 as service_pb
from quarterdeck_server.analytics.domain.execution.asking import (
    MAX_AGE_NS,
    AskedOrders,
    Key,
    Manner,
    Scope,
    Window,
)
from quarterdeck_server.analytics.domain.execution.impact import Impact, Plan
from quarterdeck_server.analytics.domain.execution.quality import Latencies, Markout, Quality
from quarterdeck_server.analytics.domain.execution.slippage import Slippages
from quarterdeck_server.analytics.mapping.estimate import estimate_to
from quarterdeck_server.analytics.mapping.order_life import checked_order_type
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.quant.estimate import Estimate, Unmeasured
from quarterdeck_server.quant.execution.spread import HORIZONS_NS, SECOND_NS
from quarterdeck_server.runtime.convert import range_from, timestamp_to

type Windowed = (
    service_pb.ComputeQualityRequest
    | service_pb.ListSlippageRequest
    | service_pb.ComputeImpactRequest
)


def asked_from(request: Windowed) -> AskedOrders:
    """Read which orders are asked about, and how they are measured."""
    if isinstance(request, service_pb.ComputeQualityRequest):
        manner = manner_from(request)
    else:
        manner = Manner(most_age_ns=_age_ns(request.max_price_age_s))
    return AskedOrders(scope_from(request.scope), Window(*range_from(request)), manner)


def manner_from(
    request: service_pb.ComputeQualityRequest | service_pb.WatchQualityRequest,
) -> Manner:
    """Read how executions are measured."""
    name = pb.ExecutionKey.Name(request.group_by).removeprefix("EXECUTION_KEY_")
    return Manner(
        key=Key.NONE if name == "UNSPECIFIED" else Key[name],
        horizons_ns=tuple(request.horizons_ns) or HORIZONS_NS,
        most_age_ns=_age_ns(request.max_price_age_s),
    )


def scope_from(message: pb.ExecutionScope) -> Scope:
    """Read which orders are asked about."""
    return Scope(
        account=message.account,
        strategy=message.strategy,
        instrument=message.instrument,
        venue=message.venue,
        order_type=checked_order_type(message.order_type, "scope.order_type"),
    )


def plan_from(request: service_pb.ComputeImpactRequest) -> Plan | None:
    """Read which order is planned."""
    if not request.HasField("planned_quantity"):
        return None
    if not request.scope.instrument:
        raise InvalidField("scope.instrument", "must be given together with planned_quantity")
    return Plan(request.scope.instrument, request.planned_quantity)


def quality_to(found: Quality) -> pb.ExecutionQuality:
    """Write the quality of a group."""
    return pb.ExecutionQuality(
        group=found.group,
        currency=found.currency,
        orders=found.orders,
        denied_orders=found.denied,
        fills=found.fills,
        notional=found.notional,
        shortfall=_parts_to(found.shortfall),
        **{name: estimate_to(mean) for name, mean in found.means.items()},
        markouts=map(_markout_to, found.markouts),
        latencies=[one for kind in found.latencies for one in _latencies_to(kind)],
        price_uses=[
            pb.PriceUse(
                reference=pb.ReferencePrice.Value(f"REFERENCE_PRICE_{use.reference}"),
                source=pb.PriceSource.ValueType(use.source),
                orders=use.orders,
            )
            for use in found.price_uses
        ],
        foreign_fees=found.foreign_fees,
    )


def slippages_to(found: Slippages) -> list[pb.OrderSlippage]:
    """Write what single orders cost."""
    return [_slippage_to(found, place) for place in range(len(found.orders))]


def impact_to(found: Impact) -> service_pb.ComputeImpactResponse:
    """Write the impact of own orders."""
    law, missing = found.fit, found.missing
    if isinstance(law, Unmeasured):
        nothing = Estimate(None, law.count, law.state, law.needed)
        fit = pb.ImpactFit(coefficient=estimate_to(nothing), missing_orders=missing)
    else:
        fit = pb.ImpactFit(
            coefficient=estimate_to(Estimate.of(law.coefficient, law.count)),
            error=law.error,
            r_squared=law.r_squared,
            missing_orders=missing,
        )
    planned = None if found.planned_bps is None else estimate_to(found.planned_bps)
    return service_pb.ComputeImpactResponse(fit=fit, planned_cost_bps=planned)


def _slippage_to(found: Slippages, place: int) -> pb.OrderSlippage:
    orders, prices = found.orders, found.prices
    return pb.OrderSlippage(
        client_order_id=orders.client_order_id[place],
        account=orders.account[place],
        strategy=orders.strategy[place],
        instrument=orders.instrument[place],
        order_type=orders.order_type[place],
        is_buy=bool(orders.side[place] > 0),
        sent_time=_moment(int(orders.sent_ns[place])),
        quantity=orders.quantity[place],
        filled_quantity=orders.filled[place],
        average_price=_number(orders.average_price[place]),
        decision_price=_number(orders.decision_price[place]),
        arrival_price=_number(prices.arrival[place]),
        arrival_source=_source(prices.arrival_source[place]),
        arrival_slippage_bps=estimate_to(found.estimate("arrival", place)),
        vwap_slippage_bps=estimate_to(found.estimate("vwap", place)),
        vwap_source=_source(prices.vwap_source[place]),
        twap_slippage_bps=estimate_to(found.estimate("twap", place)),
        twap_source=_source(prices.twap_source[place]),
        close_slippage_bps=estimate_to(found.estimate("close", place)),
        shortfall=_parts_to(found.shortfall(place)),
    )


def _parts_to(parts: Mapping[str, Estimate]) -> pb.ShortfallParts:
    return pb.ShortfallParts(**{f"{name}_bps": estimate_to(one) for name, one in parts.items()})


def _markout_to(found: Markout) -> pb.Markout:
    return pb.Markout(
        horizon_ns=found.horizon_ns,
        mean_bps=estimate_to(found.mean_bps),
        missing_fills=found.missing,
    )


def _latencies_to(found: Latencies) -> list[pb.LatencyPercentile]:
    kind = pb.LatencyKind.Value(f"LATENCY_KIND_{found.kind}")
    return [
        pb.LatencyPercentile(
            kind=kind,
            percent=percent,
            latency_ns=estimate_to(estimate),
            skewed_orders=found.skewed,
        )
        for percent, estimate in found.by_percent.items()
    ]


def _age_ns(age_s: int) -> int:
    return age_s * SECOND_NS if age_s else MAX_AGE_NS


def _moment(time_ns: int) -> Timestamp | None:
    return timestamp_to(time_ns) if time_ns else None


def _source(number: int) -> pb.PriceSource.ValueType:
    return pb.PriceSource.ValueType(int(number))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
