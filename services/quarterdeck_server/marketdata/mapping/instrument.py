"""Instruments on the wire."""

from quarterdeck.api.marketdata.v1 import instrument_pb2 as pb
from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.marketdata.domain.instrument import Instrument, InstrumentClass
from quarterdeck_server.runtime.convert import decimal_from, decimal_to, timestamp_to


def instrument_from(message: pb.Instrument) -> Instrument:
    """Read an instrument; its update time is ours to say."""
    return Instrument(
        instrument=message.instrument,
        display_name=message.display_name,
        instrument_class=_class_from(message.instrument_class),
        currency=message.currency,
        base_currency=message.base_currency,
        price_precision=message.price_precision,
        size_precision=message.size_precision,
        price_increment=decimal_from(message.price_increment, "instrument.price_increment"),
        size_increment=decimal_from(message.size_increment, "instrument.size_increment"),
        multiplier=decimal_from(message.multiplier, "instrument.multiplier"),
        is_inverse=message.is_inverse,
        synthetic_microstructure=message.synthetic_microstructure,
        provenance=message.provenance,
        trading_calendar=message.trading_calendar,
        sector=message.sector if message.HasField("sector") else None,
    )


def instrument_to(value: Instrument) -> pb.Instrument:
    """Write an instrument."""
    return pb.Instrument(
        instrument=value.instrument,
        display_name=value.display_name,
        instrument_class=pb.InstrumentClass.ValueType(value.instrument_class.value),
        currency=value.currency,
        base_currency=value.base_currency,
        price_precision=value.price_precision,
        size_precision=value.size_precision,
        price_increment=decimal_to(value.price_increment),
        size_increment=decimal_to(value.size_increment),
        multiplier=decimal_to(value.multiplier),
        is_inverse=value.is_inverse,
        synthetic_microstructure=value.synthetic_microstructure,
        provenance=value.provenance,
        trading_calendar=value.trading_calendar,
        sector=value.sector,
        update_time=timestamp_to(value.update_time_ns),
    )


def _class_from(number: int) -> InstrumentClass:
    try:
        return InstrumentClass(number)
    except ValueError as error:
        raise InvalidField(
            "instrument.instrument_class", f"must be a known class, was {number}"
        ) from error
