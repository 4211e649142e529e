"""What a document consists of, whatever it is written in."""

from dataclasses import dataclass
from enum import Enum

from quarterdeck_server.analytics.reports.picture import Picture


class Align(Enum):
    """On which side the words of a column stand."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and what it is."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Figures:
    """Key figures, side by side."""

    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; ``share`` is its part of the width."""

    title: str
    share: float
    align: Align = Align.LEFT


@dataclass(frozen=True, slots=True)
class Cell:
    """Words, and a tone from -1 (the worst) to 1 (the best) behind them."""

    text: str
    tone: float = 0.0


type Row = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table with a head; the first cell of a row names it."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Text:
    """A paragraph."""

    text: str


type Block = Figures | Table | Picture | Text


@dataclass(frozen=True, slots=True)
class Section:
    """Blocks under a title; some begin a page where there are pages."""

    title: str
    blocks: tuple[Block, ...]
    begins_page: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """All of it: ``about`` says where it comes from and stands at its head."""

    title: str
    subtitle: str
    about: tuple[Fact, ...]
    sections: tuple[Section, ...]
    footer: str
