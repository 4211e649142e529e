"""A deck in a process of its own that publishes a counter forever; a test kills it."""

import asyncio
import sys
from pathlib import Path

from tests.unit.sdk.deck import deck as make_deck


async def main(port: int, counter: Path) -> None:
    """Go on counting where the file says, as a durable log would."""
    deck = make_deck()
    deck.port = port
    deck.streams.publish(*counter.read_text().split())
    await deck.start()
    sys.stdout.write(f"{deck.port}\n")
    sys.stdout.flush()
    while True:
        number = len(deck.streams.log) + 1
        with counter.open("a") as file:
            file.write(f"{number}\n")
        deck.streams.publish(str(number))
        await asyncio.sleep(0.002)


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
