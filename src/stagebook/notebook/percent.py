"""A notebook's cells as one readable text of code, for ``git diff``."""

import json
from collections.abc import Iterator

from stagebook.notebook.cells import Cell, Notebook


def render(notebook: Notebook) -> str:
    """The cells in the format of jupytext's py:percent, without outputs, ids and positions.

    Only the kernel and the tags are left of the metadata: they change a build.

    Args:
        notebook: The notebook.
    """
    kernel = [f"# kernel: {notebook.kernel}\n"] if notebook.kernel else []
    return "\n".join([*kernel, *map(_cell, notebook.cells)])


def _cell(cell: Cell) -> str:
    kind = "" if cell.kind == "code" else f" [{cell.kind}]"
    tags = f" tags={json.dumps(sorted(cell.tags), ensure_ascii=False)}" if cell.tags else ""
    return f"# %%{kind}{tags}\n" + "".join(f"{line}\n" for line in _lines(cell))


def _lines(cell: Cell) -> Iterator[str]:
    prose = cell.kind != "code"
    for line in cell.text.split("\n") if cell.text else ():
        yield f"# {line}".rstrip() if prose else line
