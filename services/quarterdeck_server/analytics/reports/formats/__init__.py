"""The forms in which a table is written, a module each: ``render(sheet) -> bytes``."""
