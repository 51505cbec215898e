"""README's first screen is honest: its cell is the notebook's, its score the build's."""

import json
import re
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_cell_shown_is_the_one_in_the_notebook() -> None:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    cells = nbformat.read(ROOT / "notebooks" / "train.ipynb", 4).cells
    tagged = [cell.source for cell in cells if "parameters" in cell.metadata.get("tags", [])]
    assert tagged == [found[1].rstrip()]


def test_the_score_shown_is_the_one_of_the_last_build_in_git() -> None:
    auc = json.loads((ROOT / "metrics" / "evaluate.json").read_text())["test"]["auc"]
    assert f"score  test.auc {auc:.4g}\n" in README


def test_the_number_of_flights_is_what_the_build_expects() -> None:
    assert (
        f"{json.loads((ROOT / 'metrics' / 'ingest.json').read_text())['rows']['flights']:,}"
        in README
    )
