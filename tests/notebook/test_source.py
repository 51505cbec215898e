"""What DVC hashes of a notebook: all that can change its result, and nothing else."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.errors import StagebookError
from stagebook.notebook import source
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.distributions import Installed
from stagebook.notebook.source import Source
from stagebook.project import Project
from stagebook.settings import Settings, StageSettings

PATH = "notebooks/train.ipynb"
NOTHING = Installed({})
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
        "# Stagebook source 1 of stage train: what its result depends on.\n"
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
    folders = source.code_folders(PATH, project(tmp_path, code=("lib", ".", "notebooks")))
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


def recorded_problems(recorded: Source) -> list[tuple[str, str]]:
    with pytest.raises(StagebookError) as caught:
        source.check_recorded(source.render(recorded), EXAMPLE, "train.py")
    return [(one.code, one.message) for one in caught.value.problems]


def test_each_distribution_that_differs_is_named() -> None:
    then = (("numpy", "2.0"), ("scipy", "1.0"))
    ending = "here, but the source of stage train recorded"
    assert recorded_problems(replace(EXAMPLE, distributions=then)) == [
        ("other-version", f"numpy is 2.1 {ending} 2.0."),
        ("other-version", f"pandas is 3.0.2 {ending} none."),
        ("other-version", f"scipy is not installed {ending} 1.0."),
    ]


def test_another_python_is_named() -> None:
    assert recorded_problems(replace(EXAMPLE, python="3.12")) == [
        ("other-version", "python is 3.11 here, but the source of stage train recorded 3.12.")
    ]


@pytest.mark.parametrize("change", [{"cells": ("x = 2",)}, {"modules": ()}, {"threads": 1}])
def test_code_that_changed_since_is_said_to_have(change: dict[str, Any]) -> None:
    assert recorded_problems(replace(EXAMPLE, **change)) == [
        ("source-changed", "The code of stage train changed after its source was read.")
    ]


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
