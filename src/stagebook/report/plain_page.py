"""The page of a run whose usual page cannot be made: the text of its cells."""

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stagebook.execution import landing
from stagebook.project.errors import Problem, Where
from stagebook.project.files import write_whole
from stagebook.record.record import Record
from stagebook.report.page import Pages

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{title}</title>
<style>body {{ font-family: sans-serif; max-width: 60rem; margin: auto; padding: 1rem }}
pre {{ white-space: pre-wrap; border-left: 3px solid #999; padding-left: 1rem }}</style>
</head>
<body>
<h1>{title}</h1>
<p>Stage <code>{stage}</code>: {outcome}.</p>
<p>{message}</p>
{cells}
</body>
</html>
"""


def no_page(notebook: str, error: Exception) -> Problem:
    """The problem that the page of an executed notebook cannot be made.

    Args:
        notebook: The notebook's path.
        error: What went wrong.
    """
    words = f"{type(error).__name__}: {error}".splitlines()[0][:300]
    return Problem(
        "plain-page",
        f"The page of the executed notebook could only be written as plain text: {words}",
        "The result of the stage is not affected. Remove what the error names from the notebook.",
        Where(notebook),
    )


def write(pages: Pages, executed: Path, record: Record, problem: Problem) -> tuple[Path, ...]:
    """Writes the executed notebook as it is, and a page with its texts.

    Args:
        pages: Where they go.
        executed: What papermill wrote.
        record: The record of the execution.
        problem: Why there is only a plain page.

    Returns:
        The files; empty without an executed notebook.
    """
    if not executed.exists():
        return ()
    text = executed.read_text(encoding="utf-8")
    write_whole(pages.notebook, text)
    write_whole(pages.html, render(text, record, problem))
    for path in pages.outdated:
        landing.remove(path)
    return pages.notebook, pages.html


def render(executed: str, record: Record, problem: Problem) -> str:
    """The page's HTML, in which nothing of the notebook is markup.

    Args:
        executed: The text that papermill wrote.
        record: The record of the execution.
        problem: Why there is only a plain page.
    """
    try:
        cells = "\n".join(
            f"<pre>{html.escape(text)}</pre>" for text in _texts(json.loads(executed))
        )
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        cells = f"<pre>{html.escape(executed)}</pre>"
    return _PAGE.format(
        title=html.escape(record.title or record.stage),
        stage=html.escape(record.stage),
        outcome=html.escape(record.outcome),
        message=html.escape(problem.message),
        cells=cells,
    )


def _texts(document: dict[str, Any]) -> Iterator[str]:
    for cell in document["cells"]:
        yield _joined(cell.get("source", ""))
        for output in cell.get("outputs", []):
            plain = output.get("data", {}).get("text/plain", "")
            yield _joined(output.get("text", plain)) + "\n".join(output.get("traceback", []))


def _joined(text: str | list[str]) -> str:
    return text if isinstance(text, str) else "".join(text)
