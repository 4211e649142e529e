"""How much one answer may read."""

from dataclasses import dataclass

from quarterdeck_server.kernel.errors import Exhausted

MOST_ORDERS = 100_000
MOST_PRICES = 3_000_000


class TooMuch(Exhausted):
    """A request is about more than one answer may read."""

    def __init__(self, what: str, most: int) -> None:
        problem = f"the time asked about has more than {most:,} {what}; ask for a shorter one"
        super().__init__(what, problem, limit=str(most))


@dataclass(slots=True)
class Budget:
    """What is left to be read of something."""

    what: str
    most: int
    spent: int = 0

    def spend(self, count: int) -> None:
        """Note what was read; fails with TooMuch."""
        self.spent += count
        if self.spent > self.most:
            raise TooMuch(self.what, self.most)
