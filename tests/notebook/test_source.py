"""What DVC hashes of a notebook: all that can change its result, and nothing else."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st

from stagebook.notebook import search, source
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.distributions import Installed
from stagebook.notebook.source import Source
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.settings import Settings, StageSettings

PATH = "notebooks/train.ipynb"
NOTHING = Installed({})


@pytest.fixture(scope="module")
def scanned() -> Installed:
    return Installed.scan()


EXAMPLE = Source(
    "train",
    ("x = 1", "y = 2"),
    modules=(("src/a.py", "0" * 32),),
    distributions=(("numpy", "2.1"), ("pandas", "3.0.2")),
    missing=("cupy",),
    python="3.11",
    threads=2,
    dynamic=(("src/a.py", "import_module(name)"),),
)


def notebook(*texts: str) -> Notebook:
    return Notebook(PATH, tuple(Cell(at, "code", text) for at, text in enumerate(texts, start=1)))


def project(root: Path, **settings: Any) -> Project:
    return Project(root, Settings("flights", **settings))


def text_of(made: Notebook, where: Project, installed: Installed = NOTHING) -> str:
    return source.render(Source.of(made, where, installed))


# What counts


def test_everything_that_counts_stands_in_the_text() -> None:
    assert source.render(EXAMPLE) == (
        "# Stagebook source 2 of stage train: what its result depends on.\n"
        "# python 3.11\n"
        "# threads 2\n"
        "# distribution numpy 2.1\n"
        "# distribution pandas 3.0.2\n"
        "# not installed cupy\n"
        f"# module {'0' * 32} src/a.py\n"
        "# dynamic import 'import_module(name)' in src/a.py\n"
        "\n# %%\nx = 1\n"
        "\n# %%\ny = 2\n"
    )


@pytest.mark.parametrize(
    "change",
    [
        {"cells": ("x = 1", "y = 3")},
        {"cells": ("y = 2", "x = 1")},
        {"modules": (("src/a.py", "1" * 32),)},
        {"modules": (("src/b.py", "0" * 32),)},
        {"distributions": (("numpy", "2.1"), ("pandas", "3.0.3"))},
        {"missing": ()},
        {"python": "3.12"},
        {"threads": 4},
        {"dynamic": ()},
    ],
)
def test_a_change_to_what_counts_changes_text_and_digest(change: dict[str, Any]) -> None:
    changed = replace(EXAMPLE, **change)
    assert source.render(changed) != source.render(EXAMPLE)
    assert changed.digest != EXAMPLE.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda cell: replace(cell, id="another"),
        lambda cell: replace(cell, tags=frozenset({"hide-input"})),
        lambda cell: replace(cell, text=f"# why\n\n{cell.text}  # text"),
        lambda cell: replace(cell, position=cell.position + 7),
    ],
)
def test_what_a_person_edits_around_the_code_does_not_count(
    tmp_path: Path, change: Callable[[Cell], Cell]
) -> None:
    plain = notebook("x = 1", "y = 2")
    edited = Notebook(PATH, tuple(map(change, plain.cells)), "another-kernel")
    assert text_of(edited, project(tmp_path)) == text_of(plain, project(tmp_path))


TAGS = (
    "injected-parameters",
    "papermill-error-cell-tag",
    "parameters",
    "raises-exception",
    "skip-execution",
)


def with_tags(found: Notebook, at: int, *tags: str) -> Notebook:
    cells = [
        replace(cell, tags=frozenset(tags)) if cell.position == at else cell for cell in found.cells
    ]
    return Notebook(PATH, tuple(cells))


@pytest.mark.parametrize("tag", TAGS)
def test_a_tag_that_changes_what_is_executed_counts(tmp_path: Path, tag: str) -> None:
    plain = notebook("x = 1", "y = 2")
    texts = {
        text_of(with_tags(plain, at, tag, "hide-input"), project(tmp_path)) for at in (0, 1, 2)
    }
    assert len(texts) == 3  # no cell has it, the first, the second
    assert sum(f"# tags: {tag}\n" in text for text in texts) == 2


@pytest.mark.parametrize("tag", ["parameters", "injected-parameters"])
def test_a_tag_that_places_the_injected_cell_counts_on_any_kind_of_cell(
    tmp_path: Path, tag: str
) -> None:
    cells = (Cell(1, "code", "x = 1"), Cell(2, "markdown", "# A"), Cell(3, "code", "y = 2"))
    plain = Notebook(PATH, cells)
    assert text_of(with_tags(plain, 2, tag), project(tmp_path)) != text_of(plain, project(tmp_path))


def test_a_tag_on_an_empty_cell_that_nothing_runs_does_not_differ_by_its_comments(
    tmp_path: Path,
) -> None:
    one, other = notebook("# why", "x = 1"), notebook("", "x = 1")
    texts = {text_of(with_tags(each, 1, "parameters"), project(tmp_path)) for each in (one, other)}
    assert len(texts) == 1


def test_markdown_and_empty_cells_do_not_count(tmp_path: Path) -> None:
    plain = notebook("x = 1", "y = 2")
    cells = (plain.cells[0], Cell(2, "markdown", "# A"), Cell(3, "code", "# b"), plain.cells[1])
    assert text_of(Notebook(PATH, cells), project(tmp_path)) == text_of(plain, project(tmp_path))


def test_the_order_of_code_counts(tmp_path: Path) -> None:
    one, other = notebook("x = 1", "y = 2"), notebook("y = 2", "x = 1")
    assert text_of(one, project(tmp_path)) != text_of(other, project(tmp_path))


def test_the_number_of_threads_counts(tmp_path: Path) -> None:
    settings = {"train": StageSettings(threads=4)}
    one = text_of(notebook("x = 1"), project(tmp_path))
    assert text_of(notebook("x = 1"), project(tmp_path, stages=settings)) != one


@pytest.mark.parametrize(
    "setting", [{"time_limit": 9.0}, {"memory_limit": 10**9}, {"kernel": "other"}]
)
def test_other_settings_do_not_count(tmp_path: Path, setting: dict[str, Any]) -> None:
    settings = {"train": StageSettings(**setting)}
    one = text_of(notebook("x = 1"), project(tmp_path))
    assert text_of(notebook("x = 1"), project(tmp_path, stages=settings)) == one


def test_a_helper_three_imports_away_counts(tmp_path: Path) -> None:
    code = tmp_path / "src"
    code.mkdir()
    for name, text in (("a", "import b"), ("b", "import c"), ("c", "x = 1")):
        (code / f"{name}.py").write_text(text, encoding="utf-8")
    before = text_of(notebook("import a"), project(tmp_path))
    (code / "c.py").write_text("x = 2", encoding="utf-8")
    assert text_of(notebook("import a"), project(tmp_path)) != before


def test_what_a_module_imports_is_held_against_what_is_installed(tmp_path: Path) -> None:
    made = Source.of(notebook("import pytest, sys, no_such"), project(tmp_path), Installed.scan())
    assert dict(made.distributions)["pytest"] == pytest.__version__
    assert made.missing == ("no_such",)


def test_a_distribution_in_the_settings_counts(tmp_path: Path) -> None:
    settings = {"train": StageSettings(distributions=("pytest", "No_Such"))}
    made = Source.of(notebook(""), project(tmp_path, stages=settings), Installed.scan())
    assert "pytest" in dict(made.distributions)
    assert made.missing == ("No_Such",)


def test_stagebook_itself_does_not_count(tmp_path: Path) -> None:
    cell = "from stagebook import In\nimport pytest"
    made = Source.of(notebook(cell), project(tmp_path), Installed.scan())
    assert "stagebook" not in dict(made.distributions)


def test_a_local_folder_does_not_hide_the_standard_library(tmp_path: Path) -> None:
    (tmp_path / "json").mkdir()
    (tmp_path / "json" / "decoder.py").write_text("x = 1", encoding="utf-8")
    made = Source.of(notebook("import json.decoder"), project(tmp_path), NOTHING)
    assert (made.modules, made.missing) == ((), ())


def test_python_is_this_one(tmp_path: Path) -> None:
    made = Source.of(notebook(""), project(tmp_path), NOTHING)
    assert made.python == ".".join(map(str, sys.version_info[:2]))


def test_code_is_found_beside_the_notebook_then_in_the_settings_folders(tmp_path: Path) -> None:
    folders = search.code_folders(PATH, project(tmp_path, code=("lib", ".", "notebooks")))
    assert folders == (tmp_path / "notebooks", tmp_path / "lib", tmp_path)


def test_a_code_folder_may_be_a_link_out_of_the_project(tmp_path: Path) -> None:
    root, shared = tmp_path / "root", tmp_path / "shared"
    root.mkdir()
    shared.mkdir()
    (shared / "a.py").write_text("x = 1", encoding="utf-8")
    (root / "src").symlink_to(shared)
    made = Source.of(notebook("import a"), project(root), NOTHING)
    assert [path for path, _ in made.modules] == ["src/a.py"]


# What was recorded

words = st.from_regex(r"[a-z][a-z0-9-]{0,8}", fullmatch=True)
versions = st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,3}){0,3}(\+[a-z0-9]{1,4})?", fullmatch=True)


@given(st.dictionaries(words, versions, max_size=6), st.lists(st.text(max_size=30), max_size=3))
def test_distributions_are_read_back_as_they_were_recorded(
    distributions: dict[str, str], cells: list[str]
) -> None:
    made = Source("train", tuple(cells), distributions=tuple(sorted(distributions.items())))
    assert source.parse_distributions(source.render(made)) == distributions


def test_a_cell_that_looks_like_a_distribution_is_none() -> None:
    made = replace(EXAMPLE, cells=("%%bash\n# distribution evil 1.0",))
    assert "evil" not in source.parse_distributions(source.render(made))


def test_what_was_recorded_is_what_is_here() -> None:
    source.check_recorded(source.render(EXAMPLE), EXAMPLE, "train.py")


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({}, []),
        ({"python": "3.0"}, ["python"]),
        ({"distributions": (("pytest", "1.0"),)}, ["pytest"]),
        ({"distributions": (("no-such", "1.0"),)}, ["no-such"]),
        ({"distributions": (), "missing": ("pytest",)}, ["pytest"]),
    ],
)
def test_what_is_installed_is_held_against_what_was_recorded(
    scanned: Installed, change: dict[str, Any], names: list[str]
) -> None:
    recorded = Source("fit", (), distributions=(("pytest", pytest.__version__),), missing=("x1",))
    try:
        source.check_installed(replace(recorded, **change), scanned, "fit.py")
    except StagebookError as error:
        found = [(one.code, one.message.split()[0]) for one in error.problems]
    else:
        found = []
    assert found == [("other-version", name) for name in names]


def recorded_problems(recorded: Source) -> list[tuple[str, str]]:
    text = source.render(recorded)
    problems = refusals.problems(source.check_recorded, text, EXAMPLE, "train.py")
    return [(problem.code, problem.message) for problem in problems]


def test_each_distribution_that_differs_is_named() -> None:
    then = (("numpy", "2.0"), ("scipy", "1.0"))
    problems = recorded_problems(replace(EXAMPLE, distributions=then))
    assert [code for code, _ in problems] == ["other-version"] * 3
    named = (("numpy", "2.1", "2.0"), ("pandas", "3.0.2"), ("scipy", "1.0"))
    for (_, message), words in zip(problems, named, strict=True):
        assert all(word in message for word in words)


def test_another_python_is_named() -> None:
    [(code, message)] = recorded_problems(replace(EXAMPLE, python="3.12"))
    assert code == "other-version"
    assert all(word in message for word in ("python", "3.11", "3.12"))


@pytest.mark.parametrize("change", [{"cells": ("x = 2",)}, {"modules": ()}, {"threads": 1}])
def test_code_that_changed_since_is_said_to_have(change: dict[str, Any]) -> None:
    [(code, message)] = recorded_problems(replace(EXAMPLE, **change))
    assert (code, "train" in message) == ("source-changed", True)


# What cannot be told


def test_a_dynamic_import_and_a_raw_cell_are_told(tmp_path: Path) -> None:
    made = Source.of(
        notebook("x = 1", "import_module(name)", "%%bash\nls"), project(tmp_path), NOTHING
    )
    found = source.warnings(made, PATH)
    assert [(one.code, str(one.where)) for one in found] == [
        ("dynamic-import", PATH),
        ("raw-cell", f"{PATH}, cell 3"),
    ]


def test_where_all_is_told_there_is_no_warning() -> None:
    assert source.warnings(Source("train", ("x = 1",)), PATH) == ()
