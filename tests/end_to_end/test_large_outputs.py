"""A cell with a large output: the notebook and the page show a part, a file has the whole."""

from html.parser import HTMLParser

import nbformat
import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

SECRET = "s3cr3t-value-0123456789"
LINES = 150_000


class Links(HTMLParser):
    """The addresses that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self.addresses.append(dict(attrs).get("href") or "")


def test_a_cell_that_prints_much_is_cut_and_the_whole_is_linked(project: Checkout) -> None:
    project.env["API_TOKEN"] = SECRET
    project.notebook(
        "lines",
        f"count: int = {LINES}\nfails: bool = False",
        "import os\nfor number in range(count):\n    print('line', number)\n"
        "print(os.environ['API_TOKEN'][:9], end='', flush=True)\n"
        "print(os.environ['API_TOKEN'][9:])",
        "assert not fails",
    )
    project.ok("stagebook", "run", "lines")
    runs = project.root / "runs"
    whole = (runs / "lines.outputs" / "cell-2.stdout.txt").read_text()
    assert whole == "".join(f"line {number}\n" for number in range(LINES)) + "***\n"
    kept = nbformat.read(runs / "lines.ipynb", 4)
    head, note, tail = next(cell.outputs for cell in kept.cells if cell.get("outputs"))
    assert whole.startswith(head.text)
    assert whole.endswith(tail.text)
    assert note.metadata["stagebook_whole"]["total"] == len(whole)
    page = Links()
    page.feed((runs / "lines.html").read_text())
    assert "lines.outputs/cell-2.stdout.txt" in page.addresses

    failed = project.run("stagebook", "run", "lines", "-P", "fails=true")
    assert failed.code == 1
    names = {path.relative_to(runs).as_posix() for path in runs.rglob("*.stdout.txt")}
    assert len(names) == 2
    assert any(".failed.outputs/" in name for name in names)
