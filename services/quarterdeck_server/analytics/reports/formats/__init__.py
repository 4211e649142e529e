"""The forms that only reports have, a module each: ``render(sheet) -> bytes``."""
