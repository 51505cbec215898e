"""Compares the site of a built project with nbconvert's pages of its executed notebooks.

The site contains these notebooks, and pages of data, drift, models and metrics. Run the script in
the root of a built project. Its argument is the number of rounds.
"""

import sys
import tempfile
from pathlib import Path

from ratio import compare, run

NBCONVERT = "jupyter nbconvert --to html"
SITE = "stagebook report"


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    root = Path.cwd()
    notebooks = sorted(str(path) for path in (root / "runs").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as name:
        pages = ["jupyter", "nbconvert", "--to", "html", "--output-dir", name, *notebooks]
        site = ["stagebook", "report", "--to", f"{name}/site"]
        compare({NBCONVERT: lambda: run(pages, root), SITE: lambda: run(site, root)}, rounds)


if __name__ == "__main__":
    main()
