"""What is refused before a stage is run."""

import os
from pathlib import Path

import pytest

from stagebook.execution.job import prepare
from stagebook.project.errors import StagebookError
from stagebook.project.project import Project
from stagebook.project.settings import Settings


@pytest.mark.parametrize("path", ["data/pipe", "data"])
def test_an_input_that_is_or_holds_a_named_pipe_is_refused_before_it_is_opened(
    tmp_path: Path, path: str
) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    os.mkfifo(tmp_path / "data/pipe")
    cell = f'# %% tags=["parameters"]\nfrom stagebook import In\nsource: In = "{path}"\n'
    (tmp_path / "notebooks/read.py").write_text(cell)
    with pytest.raises(StagebookError, match="`data/pipe`") as refused:
        prepare(Project(tmp_path, Settings("p")), "read", {})
    assert [one.code for one in refused.value.problems] == ["unfit-input"]
