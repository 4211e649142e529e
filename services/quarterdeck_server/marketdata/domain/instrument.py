"""What is traded, and which descriptions of it make sense."""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from quarterdeck_server.kernel.errors import InstrumentNotFound, InvalidField
from quarterdeck_server.kernel.money import currency_code, positive, trimmed
from quarterdeck_server.marketdata.domain.calendar import check_calendar

MAX_PRECISION = 9
MAX_TEXT = 500
MAX_SECTOR = 100
_IDENTIFIER = re.compile(r"[!-~]{1,80}\.[A-Za-z0-9_-]{1,19}")


class InstrumentClass(Enum):
    """The kind of thing that is traded; values are those of the contract."""

    EQUITY = 1
    CURRENCY_PAIR = 2
    FUTURE = 3
    INDEX = 4


@dataclass(frozen=True, slots=True)
class Instrument:
    """An instrument whose description holds together; fields as in the contract."""

    instrument: str
    display_name: str
    instrument_class: InstrumentClass
    currency: str
    price_precision: int
    size_precision: int
    price_increment: Decimal
    size_increment: Decimal
    base_currency: str = ""
    multiplier: Decimal = Decimal(1)
    is_inverse: bool = False
    synthetic_microstructure: bool = False
    provenance: str = ""
    trading_calendar: str = ""
    sector: str | None = None
    """``None`` while nobody told; empty if somebody said that it has none."""
    update_time_ns: int = 0

    def __post_init__(self) -> None:
        check_identifier(self.instrument, "instrument.instrument")
        _check_texts(self)
        _check_currencies(self)
        _check_step("price", self.price_precision, self.price_increment)
        _check_step("size", self.size_precision, self.size_increment)
        positive("instrument.multiplier", self.multiplier)
        check_calendar(self.trading_calendar, "instrument.trading_calendar")
        if self.is_inverse and self.instrument_class is not InstrumentClass.FUTURE:
            raise InvalidField("instrument.is_inverse", "must be false unless it is a future")

    @property
    def may_be_negative(self) -> bool:
        """Whether a price at or below zero can be right: futures and indices have had some."""
        return self.instrument_class in {InstrumentClass.FUTURE, InstrumentClass.INDEX}

    @property
    def precisions(self) -> tuple[int, int]:
        """The digits of prices and sizes: what stored numbers are scaled by."""
        return (self.price_precision, self.size_precision)


def check_identifier(text: str, field: str) -> None:
    """Refuse what is no identifier of an instrument."""
    if not _IDENTIFIER.fullmatch(text):
        raise InvalidField(field, f'must be "{{symbol}}.{{venue}}", was {text!r}')


def check_sector(text: str, field: str) -> None:
    """Refuse what is too long for a sector."""
    if len(text) > MAX_SECTOR:
        raise InvalidField(field, f"must have at most {MAX_SECTOR} characters")


def unknown_instrument(instrument: str, field: str) -> InstrumentNotFound:
    """Return the error for an identifier that nothing has, with the field that named it."""
    error = InstrumentNotFound(instrument)
    error.metadata["field"] = field
    return error


def _check_texts(instrument: Instrument) -> None:
    for name in ("display_name", "provenance"):
        if len(getattr(instrument, name)) > MAX_TEXT:
            raise InvalidField(f"instrument.{name}", f"must have at most {MAX_TEXT} characters")
    check_sector(instrument.sector or "", "instrument.sector")


def _check_currencies(instrument: Instrument) -> None:
    currency_code("instrument.currency", instrument.currency)
    if instrument.base_currency:
        currency_code("instrument.base_currency", instrument.base_currency)
    elif instrument.instrument_class is InstrumentClass.CURRENCY_PAIR:
        raise InvalidField("instrument.base_currency", "must be given for a currency pair")


def _check_step(kind: str, precision: int, increment: Decimal) -> None:
    if not 0 <= precision <= MAX_PRECISION:
        raise InvalidField(
            f"instrument.{kind}_precision", f"must be from 0 to {MAX_PRECISION}, was {precision}"
        )
    field = f"instrument.{kind}_increment"
    exponent = trimmed(positive(field, increment)).as_tuple().exponent
    if isinstance(exponent, int) and -exponent > precision:
        raise InvalidField(field, f"must have at most {precision} decimals, was {increment}")
