"""An executed notebook with its colophon, as notebook and as a page of HTML."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stagebook.contracts.inspection import Inspection
from stagebook.execution.outcome import Ending
from stagebook.files import write_whole
from stagebook.notebook.lean import lean_import
from stagebook.record.record import Record
from stagebook.report import colophon

_META = re.compile(r"<(?=meta[\s/>])", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Pages:
    """The two files that a run leaves for people.

    Attributes:
        notebook: The executed notebook.
        html: The same as a page.
        outdated: Files that these make wrong, such as those of an earlier failure.
    """

    notebook: Path
    html: Path
    outdated: tuple[Path, ...] = ()

    @classmethod
    def of(cls, runs: Path, name: str, ending: Ending) -> "Pages":
        """Where the pages of a run go; a failed one leaves those of the last good one alone."""
        failed = (runs / f"{name}.failed.ipynb", runs / f"{name}.failed.html")
        if not ending.done:
            return cls(*failed)
        return cls(runs / f"{name}.ipynb", runs / f"{name}.html", failed)

    def keep(self, executed: Path) -> tuple[Path, ...]:
        """Moves the notebook here as papermill wrote it, which takes no room on a full disk."""
        if not executed.exists():
            return ()
        failed = self.outdated[0] if self.outdated else self.notebook
        try:
            failed.parent.mkdir(exist_ok=True)
            executed.replace(failed)
        except OSError:  # something else is where the folder should be; the record is kept
            return ()
        return (failed,)

    def write(
        self,
        executed: Path,
        record: Record,
        tables: Iterable[Inspection] = (),
        *,
        interactive: bool = False,
    ) -> tuple[Path, ...]:
        """Writes both, each whole or not at all.

        Args:
            executed: What papermill wrote.
            record: The record, for the colophon.
            tables: What was found out about its tables, likewise.
            interactive: Whether scripts in outputs may run on the page.

        Returns:
            The files; none if papermill wrote nothing that can be read.
        """
        try:
            node = close(executed.read_text(encoding="utf-8"), record, tables)
        except (FileNotFoundError, ValueError):
            return ()
        write_whole(self.notebook, render_notebook(node))
        write_whole(self.html, render_html(node, interactive=interactive))
        for path in self.outdated:
            path.unlink(missing_ok=True)
        return self.notebook, self.html


def close(executed: str, record: Record, tables: Iterable[Inspection] = ()) -> Any:
    """The nbformat node of an executed notebook, ending in its colophon.

    Args:
        executed: The text that papermill wrote.
        record: The record of the execution.
        tables: What was found out about its tables.

    Raises:
        ValueError: The text is no notebook, as when a crash cut it off.
    """
    nbformat = lean_import("nbformat")
    node = nbformat.reads(executed, as_version=4)
    node.metadata.pop("papermill", None)
    node.metadata["title"] = title(node) or record.stage
    node.cells = [cell for cell in node.cells if colophon.TAG not in cell.metadata.get("tags", [])]
    cell = nbformat.v4.new_markdown_cell(
        colophon.render(record, tables), id=colophon.TAG, metadata={"tags": [colophon.TAG]}
    )
    node.cells.append(cell)
    return node


def render_notebook(node: Any) -> str:
    """The text of an ``.ipynb`` file."""
    return str(lean_import("nbformat").writes(node)) + "\n"


def render_html(node: Any, *, interactive: bool = False) -> str:
    """A page of HTML that loads nothing from outside.

    Args:
        node: The notebook, as ``close`` gives it.
        interactive: Whether scripts in its outputs may run.
    """
    lean_import("nbconvert")
    from nbconvert.exporters import HTMLExporter

    from stagebook.report.self_contained import policy_of_foreign  # jinja2, as nbconvert does

    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name="lab",
        mathjax_url="",
        require_js_url="",
        jquery_url="",
        mermaid_js_url="",
        html_manager_semver_range="",
    )
    body, _ = exporter.from_notebook_node(node)
    policy = policy_of_foreign(interactive=interactive)
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}"/>'
    before, found, head = str(body).partition("<head>")
    assert found, "a browser takes a policy in the head alone"
    head, end, rest = head.partition("</head>")
    # what a policy does not hold back: a page that calls another one up in its place
    return f"{before}{found}{meta}{head}{end}{_META.sub('&lt;', rest)}"


def title(node: Any) -> str | None:
    """The first heading of a notebook."""
    for cell in node.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("#"):
                    return line.lstrip("#").strip() or None
    return None
