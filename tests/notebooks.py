"""Runs notebooks: their code cells in order, in one namespace, as a kernel does.

A kernel itself is not needed for that; what only a kernel knows, lines that begin with %, is left
out. The value of a cell's last line is kept as a kernel would show it.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from pathlib import Path


def notebook(path: Path) -> dict[str, object]:
    return json.loads(path.read_text())


def shown(path: Path, parameters: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """Run the cells and yield what each shows, by its identifier.

    ``parameters`` replace those of the cell that is tagged so.
    """
    space: dict[str, object] = {"__name__": "__main__"}
    for cell in notebook(path)["cells"]:
        if cell["cell_type"] != "code":
            continue
        lines = (line for line in cell["source"] if not line.startswith("%"))
        yield cell["id"], run("".join(lines), f"{path.name}:{cell['id']}", space)
        if "parameters" in cell["metadata"].get("tags", ()):
            space |= parameters


def run(source: str, name: str, space: dict[str, object]) -> object:
    """Run a cell and return the value of its last line, if that is an expression."""
    tree = ast.parse(source, name)
    *_, last = tree.body
    ending = ast.Expression(tree.body.pop().value) if isinstance(last, ast.Expr) else None
    exec(compile(tree, name, "exec"), space)  # noqa: S102 - our own notebook
    return None if ending is None else eval(compile(ending, name, "eval"), space)  # noqa: S307
