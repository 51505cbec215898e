"""What a trial is called, and where the files of its runs are."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.parameters import ResolvedParameter, ValueOrigin
from stagebook.execution.trial import Trial
from stagebook.project.errors import StagebookError
from stagebook.project.masks import Masks

ROOT = Path("/project")
MADE = ("models/m.pkl", "data/parts")
FILES = DeclaredFiles(ROOT, Trial("train", {"rounds": 80}, "runs/train@rounds=80"), MADE)
NAMES = st.lists(st.sampled_from(["data", "models", "a", "b.csv"]), min_size=1, max_size=3)


def trial(value: object, origin: ValueOrigin = ValueOrigin.OVERRIDE) -> Trial | None:
    resolved = (ResolvedParameter("so", value, origin, None, ""),)  # type: ignore[arg-type]
    return Trial.of("p", resolved, Masks(), "runs")


def name(value: object) -> str:
    found = trial(value)
    assert found is not None
    return found.name


@pytest.mark.parametrize(
    ("value", "alike"), [(None, "None"), (True, "True"), (1, "1"), ("a/b", "a-b"), ("a b", "a?b")]
)
def test_values_that_look_alike_have_names_of_their_own(value: object, alike: object) -> None:
    assert name(value) != name(alike)


def test_a_plain_value_is_the_name() -> None:
    assert trial(10.0) == Trial("p", {"so": 10.0}, "runs/p@so=10.0")
    assert name("fast") == "p@so=fast"


def test_values_of_the_params_file_make_no_trial() -> None:
    assert trial(10.0, ValueOrigin.PARAMS) is None


@pytest.mark.parametrize(
    ("declared", "path"),
    [
        ("models/m.pkl", "runs/train@rounds=80/models/m.pkl"),
        ("data/parts/1.parquet", "runs/train@rounds=80/data/parts/1.parquet"),
        ("data/parts2", "data/parts2"),
        ("models/m.pkl.json", "models/m.pkl.json"),
        ("data/raw.csv", "data/raw.csv"),
    ],
)
def test_a_trial_reads_its_own_outputs_and_the_builds_other_files(declared: str, path: str) -> None:
    assert FILES.input(declared) == path
    assert FILES.input_file(declared) == ROOT / path
    assert FILES.declared(path) == declared


def test_an_input_that_the_trial_wrote_in_part_is_refused() -> None:
    with pytest.raises(StagebookError) as error:
        FILES.require_whole(["data", "models/m.pkl"])
    assert [problem.code for problem in error.value.problems] == ["mixed-input"]


def test_inputs_that_the_trial_wrote_whole_are_accepted() -> None:
    FILES.require_whole(["models/m.pkl", "data/parts", "data/parts/1.parquet", "data/raw.csv"])


@given(NAMES.map("/".join))
def test_a_run_of_the_build_uses_every_declared_path_as_it_is(declared: str) -> None:
    files = DeclaredFiles(ROOT)
    assert files.input(declared) == files.output(declared) == files.declared(declared) == declared


@given(NAMES.map("/".join))
def test_every_output_of_a_trial_is_in_its_folder(declared: str) -> None:
    assert FILES.output(declared) == f"runs/train@rounds=80/{declared}"
    assert FILES.declared(FILES.output(declared)) == declared
