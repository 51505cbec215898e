"""An executed notebook with its colophon, as notebook and as a page of HTML."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from stagebook.data.inspection import Inspection
from stagebook.execution import landing, whole_outputs
from stagebook.execution.outcome import Ending
from stagebook.project.files import write_whole
from stagebook.record.record import Record
from stagebook.report import colophon
from stagebook.report.frame import FRONT, Frame

_SMALL = {
    "cells": [
        {"cell_type": "markdown", "metadata": {}, "source": "# A"},
        {"cell_type": "code", "metadata": {}, "source": "a = 1", "outputs": []},
    ],
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 4,
}


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
        failed = cls(runs / f"{name}.failed.ipynb", runs / f"{name}.failed.html")
        if not ending.done:
            return failed
        outdated = (failed.notebook, failed.html, failed.outputs)
        return cls(runs / f"{name}.ipynb", runs / f"{name}.html", outdated)

    @property
    def outputs(self) -> Path:
        """The folder of the outputs that are too large for them."""
        return self.notebook.with_suffix(".outputs")

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
        project: str = "",
        interactive: bool = False,
        whole: Path | None = None,
    ) -> tuple[Path, ...]:
        """Writes both, each whole or not at all.

        Args:
            executed: What papermill wrote.
            record: The record, for the colophon.
            tables: The inspections of its tables, likewise.
            project: The project's name.
            interactive: Whether scripts in outputs may run on the page.
            whole: The folder of the outputs that are too large for them; None without one.

        Returns:
            The files; none if papermill wrote nothing that can be read.
        """
        try:
            text = executed.read_text(encoding="utf-8")
            notebook = close(text, record, tables, self.outputs.name)
        except (FileNotFoundError, ValueError):
            return ()
        html = render_html(
            notebook, record, project, interactive=interactive, outputs=self.outputs.name
        )
        write_whole(self.notebook, notebook)
        write_whole(self.html, html)
        self.take_outputs(whole)
        for path in self.outdated:
            landing.remove(path)
        return self.notebook, self.html

    def take_outputs(self, whole: Path | None) -> None:
        """Moves the outputs that are too large for the pages next to them."""
        if whole is not None and whole.is_dir():
            landing.replace(landing.bring_near(whole, self.outputs), self.outputs)
        else:
            landing.remove(self.outputs)  # of an earlier run


def close(
    executed: str, record: Record, tables: Iterable[Inspection] = (), outputs: str | None = None
) -> str:
    """The text of an executed notebook that ends in its colophon.

    It is edited as JSON: whatever else is in it, also what nbformat would refuse, stays.

    Args:
        executed: The text that papermill wrote.
        record: The record of the execution.
        tables: The inspections of its tables.
        outputs: The folder of outputs that are too large for it, relative to it; None if it does
            not change.

    Raises:
        ValueError: The text is not a notebook, as when a crash cut it off.
    """
    try:
        notebook = json.loads(executed)
    except RecursionError:
        raise ValueError("the notebook is nested too deeply") from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise ValueError("the text is JSON, but not a notebook")
    if outputs is not None:
        whole_outputs.relocate(cells, outputs)
    facts = {**_mapping(notebook.get("metadata")), "title": title(cells) or record.stage}
    facts.pop("papermill", None)
    other_cells = [cell for cell in cells if colophon.TAG not in _tags(cell)]
    closed = {
        **notebook,
        "metadata": facts,
        "cells": [*other_cells, _colophon(notebook, record, tables)],
    }
    # as nbformat writes it; a half of a pair of characters cannot be written at all
    text = json.dumps(closed, ensure_ascii=False, indent=1, sort_keys=True)
    return text.encode("utf-8", "replace").decode() + "\n"


def load() -> None:
    """Imports what a page needs and reads the templates, so that a later page takes no longer."""
    from stagebook.report.article import article
    from stagebook.report.site import problems, provenance  # noqa: F401

    frame = Frame("", "executed.html", (("Overview", FRONT),), "", alone=True)
    article.render(article.parse(json.dumps(_SMALL), ""), frame)


def render_html(
    notebook: str,
    record: Record,
    project: str = "",
    *,
    interactive: bool = False,
    outputs: str = "",
) -> str:
    """The article of an executed notebook as a page that loads nothing from outside.

    Args:
        notebook: Its text, as ``close`` gives it.
        record: The record of the execution.
        project: The project's name.
        interactive: Whether scripts in its outputs may run.
        outputs: The folder of outputs that are too large for it, relative to the page.
    """
    from stagebook.report.article import article, facts
    from stagebook.report.site import problems, provenance

    frame = Frame(
        project or record.stage,
        "executed.html",
        (("Overview", FRONT),),
        f"Stagebook {metadata.version('stagebook')}, {provenance.commit(record.git)}",
        alone=True,
        interactive=interactive,
    )
    known_facts = tuple(facts.of_execution(record.stage, record.outcome, record.volatile))
    content = article.parse(notebook, record.stage, interactive=interactive, outputs=outputs)
    refused = problems.refused(table for table in record.tables if table.is_refused)
    return article.render(content, frame, known_facts, tuple(refused))


def title(cells: Iterable[Any]) -> str | None:
    """The first heading of a notebook's cells."""
    for line in _prose(cells):
        if line.startswith("#"):
            return line.lstrip("#").strip() or None
    return None


def _prose(cells: Iterable[Any]) -> Iterator[str]:
    """The lines of the cells of Markdown."""
    for cell in map(_mapping, cells):
        source = cell.get("source")
        text = "".join(map(str, source)) if isinstance(source, list) else str(source or "")
        yield from text.splitlines() if cell.get("cell_type") == "markdown" else ()


def _colophon(
    notebook: Mapping[str, Any], record: Record, tables: Iterable[Inspection]
) -> dict[str, Any]:
    """The cell that closes a notebook; cells have ids from nbformat 4.5 on."""
    text = colophon.render(record, tables)
    minor = notebook.get("nbformat_minor")
    named = {"id": colophon.TAG} if isinstance(minor, int) and minor >= 5 else {}
    return {
        "cell_type": "markdown",
        "metadata": {"tags": [colophon.TAG]},
        "source": text.splitlines(keepends=True),
        **named,
    }


def _tags(cell: Any) -> tuple[Any, ...]:
    tags = _mapping(_mapping(cell).get("metadata")).get("tags")
    return tuple(tags) if isinstance(tags, list) else ()


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
