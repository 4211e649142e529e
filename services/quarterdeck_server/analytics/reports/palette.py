"""Colours. Told apart by people who do not see red or green, and on paper without colour."""

from quarterdeck_server.analytics.reports.picture import Role

INK = "#1b2430"
PAPER = "#ffffff"
RULE = "#d5dae1"
SHADE = "#f3f5f8"
MUTED = "#586271"

COLOURS = {
    Role.SUBJECT: "#1f5fa8",
    Role.BENCHMARK: "#c26a00",
    Role.LOSS: "#a8321f",
    Role.SPELL: "#e8b9a9",
    Role.GRID: "#e3e7ed",
    Role.INK: INK,
    Role.MUTED: MUTED,
}
GAIN, LOSS = (0x6B, 0xA3, 0xDE), (0xEE, 0x9A, 0x6A)
"""The strongest tones of a table: dark words stay readable on both."""
STEPS = 10
"""How many steps a tone has, each way."""


def step(tone: float) -> int:
    """Return a tone from -1 to 1 as a whole step from -STEPS to STEPS."""
    return round(max(-1.0, min(1.0, tone)) * STEPS)


def background(steps: int) -> str:
    """Return the colour of a tone: white in the middle, losses one way and gains the other."""
    end, share = (GAIN if steps > 0 else LOSS), abs(steps) / STEPS
    mixed = (round(255 + (part - 255) * share) for part in end)
    return "#" + "".join(f"{part:02x}" for part in mixed)
