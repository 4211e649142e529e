"""The mathematics of performance, attribution and execution quality, on arrays and numbers.

Usable by itself: numpy and the words of ``kernel``; no I/O, no clock, no messages. What holds in
every module:

- **Shapes.** ``(n,)`` is a series, oldest first. ``(n, k)`` has one column a factor or group.
- **Units.** Returns, rates and ratios are fractions (0.01 is one percent), never percent. Only
  names that end in ``_bps`` are basis points. Rates are per period unless a text says "a year".
- **Simple returns** go in and come out; log returns only where a name says so.
- **NaN and infinity are refused** with an ``InvalidField`` that names the element. Who has missing
  observations drops them with ``series.without_missing``, which says how many there were. NaN comes
  out in columns alone (rolling statistics, t-statistics, prices at a time): there it means
  "no value".
- **Too little data is a state**, not a number: see ``estimate``. No statistic is ever NaN, infinite
  or a zero that stands for "unknown".
- **Losses are negative**, so drawdowns are at most zero.

Where the field disagrees about a definition, the choice is recorded in
docs/decisions/0032-definitions-of-performance.md; docs/agreement.md compares the numbers with
published ones and with other libraries.
"""
