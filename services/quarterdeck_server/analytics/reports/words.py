"""Numbers, days and states as people read them."""

from datetime import date, timedelta

from quarterdeck_server.analytics.reports.scale import EPOCH
from quarterdeck_server.quant.definitions import Unit
from quarterdeck_server.quant.estimate import Estimate, State

LARGE = 1e6
STATES = {
    State.CONSTANT: "no variation to divide by",
    State.NO_LOSS: "no loss to divide by",
    State.RUINED: "all capital was lost",
    State.COLLINEAR: "factors repeat each other",
    State.AMBIGUOUS: "several values satisfy the definition",
    State.NO_SOLUTION: "no value satisfies the definition",
    State.OVERFLOW: "too large for a double",
}


def percent(value: float, digits: int = 2) -> str:
    """Write a fraction as a percentage."""
    scaled = value * 100
    form = f"{scaled:.3e}" if abs(scaled) >= LARGE else f"{scaled:,.{digits}f}"
    return f"{_unsigned_zero(form)} %"


def axis_percent(value: float) -> str:
    """Write a fraction below an axis: only the digits that it has."""
    return f"{round(value * 100, 6):,g} %"


def number(value: float, digits: int = 2) -> str:
    """Write a number without a unit."""
    return _unsigned_zero(f"{value:.3e}" if abs(value) >= LARGE else f"{value:,.{digits}f}")


def axis_number(value: float) -> str:
    """Write a number below an axis."""
    return f"{round(value, 9):g}" if abs(value) < LARGE else f"{value:.0e}"


def counted(count: int, noun: str) -> str:
    """Write how many there are of something."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"


def day(value: int) -> str:
    """Write a day since 1970-01-01."""
    return date_of(value).isoformat()


def date_of(value: int) -> date:
    """Return the date of a day since 1970-01-01."""
    return EPOCH + timedelta(days=value)


def state(estimate: Estimate) -> str:
    """Say in words why there is no value."""
    if estimate.state is State.INSUFFICIENT:
        return f"insufficient data: {estimate.count:,} of {estimate.needed:,} needed"
    return STATES[estimate.state]


def measured(estimate: Estimate, unit: Unit) -> str:
    """Write a metric in its unit, or why it has no value."""
    return state(estimate) if estimate.value is None else in_unit(estimate.value, unit)


def in_unit(value: float, unit: Unit) -> str:
    """Write a value in its unit."""
    match unit:
        case Unit.FRACTION | Unit.PROBABILITY:
            return percent(value)
        case Unit.FRACTION_A_YEAR:
            return f"{percent(value)} a year"
        case Unit.RATIO:
            return number(value)
        case Unit.PERIODS:
            return f"{value:,.0f} periods"
        case Unit.DAYS:
            return f"{value:,.0f} days"


def _unsigned_zero(text: str) -> str:
    """Write a loss that rounds to nothing without a sign."""
    return text.lstrip("-") if not any(digit in text for digit in "123456789") else text
