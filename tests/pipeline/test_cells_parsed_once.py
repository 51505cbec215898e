"""``sync``, ``sources`` and ``status`` parse the text of a cell or a local module once."""

import ast
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
import pytest

from stagebook.history.tree import Tree
from stagebook.notebook.distributions import Installed
from stagebook.pipeline import notebooks
from stagebook.pipeline.dvc import HashedPath
from stagebook.pipeline.layout import Layout
from stagebook.pipeline.lock import LockEntry
from stagebook.pipeline.stage import source_path
from stagebook.project.project import Project

MODULE = '"""A helper of parsed_once."""\n\nfrom parsed_once import deeper\n'
DEEPER = '"""A module that parsed_once imports."""\n\nTHRESHOLD = 3\n'
CELLS = """# %% tags=["parameters"]
from stagebook import Out

result: Out = "parsed_once/{name}.txt"

# %%
from parsed_once import helper

# %%
%matplotlib inline
answer = !ls parsed_once

# %%
%%time
print("parsed once", helper)
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Two notebooks that import the same package."""
    package = tmp_path / "src" / "parsed_once"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("PARSED_ONCE = True\n")
    (package / "helper.py").write_text(MODULE)
    (package / "deeper.py").write_text(DEEPER)
    settings = '[project]\nname = "once"\n[tool.stagebook]\ncode = ["src"]\n'
    (tmp_path / "pyproject.toml").write_text(settings)
    (tmp_path / "notebooks").mkdir()
    for name in ("first", "second"):
        notebook = jupytext.reads(CELLS.format(name=name), fmt="py:percent")
        text = nbformat.writes(notebook)
        (tmp_path / "notebooks" / f"{name}.ipynb").write_text(text)
    return Project.find(tmp_path)


def test_a_text_is_parsed_once(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: Counter[str] = Counter()
    parse = ast.parse

    def counted(text: str, *arguments: object, **options: object) -> ast.AST:
        parsed[text] += options.get("mode") != "eval"
        return parse(text, *arguments, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(ast, "parse", counted)
    found = Layout.read(project).notebooks
    sources = notebooks.makings(project, found, Installed.scan())
    paths = {name: source_path(name) for name in ("first", "second")}
    entries = [
        LockEntry(name, deps=(HashedPath(path, "0" * 32, 1),)) for name, path in paths.items()
    ]
    tree = Tree.read(project, entries, ())
    assert len(sources) == len(paths)
    assert tree.hashes.keys() >= set(paths.values())
    assert {MODULE, DEEPER} < parsed.keys()
    assert [text for text, times in parsed.items() if times > 1] == []
