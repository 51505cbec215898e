"""The page of a packaged model, and its line: what is wrong with it stands first."""

from pathlib import Path

import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

from stagebook.history.project_status import ProjectStatus
from stagebook.model.contents import Contents
from stagebook.model.package import package
from stagebook.model.policy import Policy
from stagebook.model.verification import Check, CheckState, VerificationReport
from stagebook.project.errors import Problem
from stagebook.report.frame import Frame
from stagebook.report.site import gist, model_page, parts

BOOK = ProjectStatus("late", None, "", "", (), (), (), (), frozenset(), ())
GONE = Problem("not-in-git", "No commit can make `it` again.", "Commit, and build it again.")


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package, such as a stage leaves it."""
    folder = tmp_path_factory.mktemp("model")
    rows = pd.DataFrame({"id": range(200), "x": [place % 7 / 7 for place in range(200)]})
    rows["tall"] = rows["x"] > 0.5
    splits = {"train": folder / "train.parquet", "test": folder / "test.parquet"}
    rows[:120].to_parquet(splits["train"], index=False)
    rows[120:].to_parquet(splits["test"], index=False)
    package(
        LogisticRegression().fit(rows[["x"]], rows["tall"]),
        folder / "tall",
        splits=splits,
        key="id",
        features=["x"],
        scores={"auc": 0.8},
        baseline={"auc": 0.5},
        method="predict_proba",
        purpose="Tells the tall from the small.",
    )
    return folder / "tall"


def passage(packaged: Path, *states: CheckState) -> VerificationReport:
    found = VerificationReport(Contents.read(packaged), Policy())
    for state in states:
        problems = () if state is CheckState.PASSED else (GONE,)
        found.checks.append(Check(f"check {state.value}", state, "seen", problems))
    return found


def page(found: VerificationReport) -> str:
    return model_page.render(
        found, None, BOOK, Frame("late", "models/tall.html", (("a", "b"),), "")
    )


@pytest.mark.parametrize(
    ("states", "verdict", "mark"),
    [
        ((CheckState.PASSED,), "It can be loaded here.", "good"),
        (
            (CheckState.PASSED, CheckState.WARNED),
            "It can be loaded here, with a warning.",
            "warned",
        ),
        ((CheckState.WARNED, CheckState.REFUSED), "It would be refused here.", "bad"),
    ],
)
def test_the_verdict_is_as_bad_as_the_worst_check_and_comes_first(
    packaged: Path, states: tuple[CheckState, ...], verdict: str, mark: str
) -> None:
    text = page(passage(packaged, *states))
    told = f'<p class="verdict {mark}"><a href="#checks">{verdict}</a></p>'
    assert told in text
    assert text.index(told) < text.index("Tells the tall")
    assert ("No commit can make <code>it</code> again." in text) is (mark != "good")


def test_each_state_of_a_check_has_its_colour(packaged: Path) -> None:
    text = page(passage(packaged, CheckState.PASSED, CheckState.WARNED, CheckState.REFUSED))
    for state, mark in (("passed", "good"), ("warned", "warned"), ("refused", "bad")):
        assert f'<td class="{mark}">{state}</td>' in text


def test_a_package_that_nobody_knows_the_making_of_is_refused_in_its_line(packaged: Path) -> None:
    line = parts.model_line(packaged.parent, "tall")
    assert (line.state, line.mark) == ("refused", "bad")
    assert line.words


@pytest.mark.parametrize(
    ("states", "told"),
    [
        ((CheckState.PASSED,), "- ✅ `tall` can be loaded"),
        ((CheckState.WARNED,), "- ⚠️ `tall` can be loaded with a warning: `No commit can make"),
        ((CheckState.REFUSED,), "- ❌ `tall` refused: `No commit can make"),
    ],
)
def test_a_gist_tells_a_warning_from_a_refusal(
    packaged: Path, states: tuple[CheckState, ...], told: str
) -> None:
    line = parts.of_model(passage(packaged, *states), "models/tall.html")
    assert told in gist.render(BOOK, [], [line], "runs").replace("``", "`")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("unsigned-attestation", "nothing proves who built it"),
        ("no-attestation", "its builder is unknown"),
        ("dirty-tree", "A sentence of the gate"),
    ],
)
def test_readers_who_load_no_model_are_told_what_a_warning_means(code: str, told: str) -> None:
    assert told in model_page.reason(Problem(code, "A sentence of the gate."))
