"""Values: dataclasses that nobody changes, for what is made thousands of times a second."""

from dataclasses import dataclass
from typing import dataclass_transform


@dataclass_transform(frozen_default=True)
def value[T](cls: type[T]) -> type[T]:
    """Make a dataclass with slots that type checkers refuse to change.

    A frozen dataclass is refused at runtime as well, which makes each field of each new one cost
    seven times as much.
    """
    return dataclass(slots=True, unsafe_hash=True)(cls)
