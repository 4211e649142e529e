"""The letters of a PDF: part of the product, so that every page looks the same everywhere."""

from functools import cache
from pathlib import Path

from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

PLAIN, BOLD = "DejaVuSansCondensed", "DejaVuSansCondensed-Bold"
FOLDER = Path(__file__).parent / "typefaces"


@cache
def letters() -> frozenset[int]:
    """Load the fonts, once, and return the characters that they have."""
    fonts = [TTFont(name, FOLDER / f"{name}.ttf") for name in (PLAIN, BOLD)]
    for font in fonts:
        pdfmetrics.registerFont(font)
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return frozenset.intersection(*(frozenset(font.face.charToGlyph) for font in fonts))


def written(text: str) -> str:
    """Return a text that can be written: a character no font has becomes its number, U+65E5."""
    have = letters()
    return "".join(one if ord(one) in have else f"U+{ord(one):04X}" for one in text)
