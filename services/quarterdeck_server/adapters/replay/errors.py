"""What is wrong with a file of the user."""

from quarterdeck_server.kernel.errors import InvalidField

FIELD = "replay.dataset"


class FileInvalid(InvalidField):
    """A file that cannot be read as market data; row (the line, from 1) and column say where."""

    reason = "FILE_INVALID"

    def __init__(
        self, file: str, problem: str, *, row: int | None = None, column: str = ""
    ) -> None:
        place = {"file": file}
        if row is not None:
            place["row"] = str(row)
        if column:
            place["column"] = column
        words = ", ".join(f"{name} {value}" for name, value in place.items())
        super().__init__(FIELD, f"cannot be played: {words}: {problem}", **place)
