"""Which calendars of markets are known by their codes."""

from quarterdeck_server.kernel.errors import InvalidField
from quarterdeck_server.kernel.time import NS

DAY_NS = 86_400 * NS
WEEK_NS = 7 * DAY_NS
ALWAYS = "24/7"
WEEKDAYS = "24/5"
EXCHANGES = frozenset(
    """
    AIXK ARCX ASEX ASX BATS BMF BSE BVB BVMF CBOT CFE CME CMES COMEX FWB HKEX ICE ICEUS IEPA JKT
    JPX LSE LUXSE NASDAQ NYFE NYMEX NYSE OOTC OSE SIX SSE TASE TSX XAMS XASE XASX XBDA XBEL XBKK
    XBOG XBOM XBRA XBRU XBSE XBUD XBUE XCBF XCSE XCYS XDUB XDUS XEEE XETR XEUR XFRA XHAM XHEL XHKG
    XICE XIDX XIST XJSE XKAR XKLS XKRX XLIM XLIS XLIT XLJU XLON XLUX XMAD XMEX XMIL XMOS XNAS XNYS
    XNZE XOSL XPAR XPHS XPRA XRIS XSAU XSES XSGO XSHG XSTO XSTU XSWX XTAE XTAI XTAL XTKS XTSE XTSX
    XWAR XWBO XZAG us_futures
    """.split()  # noqa: SIM905 - a hundred codes read better so
)
"""The calendars of exchanges that the library has: a test holds the two together."""


def check_calendar(code: str, field: str) -> None:
    """Refuse a calendar that nobody knows; none is fine."""
    if code and code not in EXCHANGES | {ALWAYS, WEEKDAYS}:
        raise InvalidField(
            field,
            f'must be the code of a market, for example "XNYS", or 24/7 or 24/5, was {code!r}',
        )


def weekday_sessions(start_ns: int, end_ns: int) -> list[tuple[int, int]]:
    """Return the weeks from Monday to Friday, in UTC, that touch a range."""
    # The Unix epoch was a Thursday; the first Monday came four days later.
    first = (start_ns - 4 * DAY_NS) // WEEK_NS
    last = (end_ns - 4 * DAY_NS) // WEEK_NS
    mondays = (week * WEEK_NS + 4 * DAY_NS for week in range(first, last + 1))
    return [(monday, monday + 5 * DAY_NS) for monday in mondays]
