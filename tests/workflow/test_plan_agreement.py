"""The plan agrees with what ``dvc repro`` then does, after any edits."""

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from plan_projects import FILES, QuickProject

ALLOWED = {
    "fresh": {"skipped"},
    "stale": {"run"},
    "restored": {"restored"},
    "after": {"run", "restored", "skipped"},
    "always": {"run"},
}

Edit = Callable[[QuickProject], None]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[QuickProject]:
    """A built project, which the examples change one after the other."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(Path(sys.executable).parent)
        patch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        root = tmp_path_factory.mktemp("plans") / "quick"
        root.mkdir()
        project = QuickProject.create(root)
        patch.chdir(root)
        project.repro()
        yield project


def variant(path: str, old: str, new: str) -> Callable[[int], tuple[str, Edit]]:
    """An edit that sets a number in a file; the same number again changes nothing."""

    def numbered(number: int) -> tuple[str, Edit]:
        def edit(project: QuickProject) -> None:
            text = FILES[path] if path != "dvc.yaml" else (project.root / path).read_text()
            known = [new.format(item) for item in range(3)]
            present = next((item for item in known if item in text), old)
            project.write(path, text.replace(present, new.format(number)))

        return f"{path}: {new.format(number)}", edit

    return numbered


def removal(path: str) -> tuple[str, Edit]:
    def edit(project: QuickProject) -> None:
        place = project.root / path
        shutil.rmtree(place) if place.is_dir() else place.unlink(missing_ok=True)

    return f"remove {path}", edit


def overwriting(path: str) -> tuple[str, Edit]:
    def edit(project: QuickProject) -> None:
        if (project.root / path).parent.is_dir():
            (project.root / path).unlink(missing_ok=True)
            project.write(path, "edited\n")

    return f"overwrite {path}", edit


def unlocking(stage: str) -> tuple[str, Edit]:
    """Deletes a stage from ``dvc.lock``, as a person does to build it again."""

    def edit(project: QuickProject) -> None:
        text = (project.root / "dvc.lock").read_text()
        head, start, rest = text.partition(f"\n  {stage}:\n")
        if start:
            lines = rest.split("\n")
            end = next((at for at, line in enumerate(lines) if line[:3].strip()), len(lines))
            project.write("dvc.lock", "\n".join([head, *lines[end:]]))

    return f"unlock {stage}", edit


def touching(path: str) -> tuple[str, Edit]:
    return f"touch {path}", lambda project: (project.root / path).touch()


def emptying(stage_output: str) -> tuple[str, Edit]:
    """Removes an output's content from DVC's cache."""

    def edit(project: QuickProject) -> None:
        from stagebook.pipeline import lock
        from stagebook.pipeline.cache import Cache

        maker = lock.read(project.root).maker(stage_output)
        for out in maker.outs if maker else ():
            if file := Cache.of(project.root).file(out.md5):
                file.unlink()

    return f"uncache {stage_output}", edit


NUMBERS = st.integers(0, 2)
NUMBERED = st.one_of(
    NUMBERS.map(variant("notebooks/make.py", "# a remark: 0", "# a remark: {}")),
    NUMBERS.map(variant("code/y.txt", "y 0", "y {}")),
    NUMBERS.map(variant("params.yaml", "limit: 0", "limit: {}")),
    NUMBERS.map(variant("params.yaml", "unused: 0", "unused: {}")),
    NUMBERS.map(variant("extra.yaml", "size: 0", "size: {}")),
    NUMBERS.map(variant("raw.csv", "x\n0", "x\n{}")),
    NUMBERS.map(variant("dvc.yaml", "echo 1 >", "echo {} >")),
)
CODE = st.one_of(
    st.integers(0, 1).map(variant("notebooks/make.py", "* 0 + 1", "* {} + 1")),
    st.integers(0, 1).map(variant("code/helper.py", 'text + "0"', 'text + "{}"')),
    st.integers(1, 2).map(variant("pyproject.toml", "threads = 1", "threads = {}")),
    st.integers(1, 2).map(variant("params/make.yaml", "times: 1", "times: {}")),
)
OUTPUTS = ["data/sorted.txt", "data/count.json", "data/whole.txt"]
OUTPUTS += ["data/parts/x", "data/kept.txt", "data/extra.txt", "data/made.txt"]
FILE_EDITS = st.one_of(
    st.sampled_from([*OUTPUTS, "data/parts", "dvc.lock", "data/stamp.txt"]).map(removal),
    st.sampled_from(OUTPUTS).map(overwriting),
    st.sampled_from(["sort", "count", "parts", "whole", "make", "last"]).map(unlocking),
    st.sampled_from(["raw.csv", "notebooks/make.py", "code/y.txt"]).map(touching),
    st.sampled_from(["data/head.txt", "data/sorted.txt", "data/parts"]).map(emptying),
)
EDITS = st.lists(st.one_of(NUMBERED, FILE_EDITS, CODE), min_size=1, max_size=3)


@pytest.mark.slow
def test_reasons_name_what_a_person_changed(project: QuickProject) -> None:
    project.edit("notebooks/make.py", "* 0 + 1", "* 0 + 2")
    project.edit("code/helper.py", 'text + "0"', 'text + "5"')
    project.edit("params/make.yaml", "1", "3")
    project.edit("pyproject.toml", "threads = 1", "threads = 2")
    (make,) = (stage for stage in project.plan().stages if stage.name == "make")
    assert [reason.words for reason in make.reasons] == [
        "cell 4 changed",
        "code/helper.py: line changed",
        "threads 1 → 2",
        "times 1 → 3 (params/make.yaml)",
    ]
    assert make.reasons[0].lines == (
        "- count = len(rows) * 0 + 1",
        "+ count = len(rows) * 0 + 2",
    )
    assert make.reasons[1].lines == ('-     return text + "0"', '+     return text + "5"')
    assert make.cost is not None
    assert make.cost.seconds > 0
    for path in ("notebooks/make.py", "code/helper.py", "params/make.yaml", "pyproject.toml"):
        project.write(path, FILES[path])
    assert project.states()["make"] == "fresh"


@pytest.mark.slow
def test_a_changed_declaration_is_planned_before_sync(project: QuickProject) -> None:
    project.edit("notebooks/make.py", '"raw.csv"', '"code/y.txt"')
    planning = project.planning()
    assert planning.exit_code == 9
    assert [problem.code for problem in planning.plan.problems] == ["out-of-sync"]
    (make,) = (stage for stage in planning.plan.stages if stage.name == "make")
    assert "code/y.txt is a new input" in [reason.words for reason in make.reasons]
    project.write("notebooks/make.py", FILES["notebooks/make.py"])


@pytest.mark.slow
@settings(
    max_examples=8,
    # the examples change one project, so that an example alone repeats nothing
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits=EDITS)
def test_the_plan_agrees_with_dvc(project: QuickProject, edits: list[tuple[str, Edit]]) -> None:
    for name, edit in edits:
        note(name)
        edit(project)
    plan = project.plan()
    endings = project.repro()
    for stage in plan.stages:
        allowed = ALLOWED[stage.state.value]
        if stage.frozen:
            continue
        if stage.state.value == "stale" and stage.after:
            allowed = {"run", "restored"}
        note(f"{stage.name}: {stage.state.value}, {endings.get(stage.name)}")
        assert endings[stage.name] in allowed, [reason.words for reason in stage.reasons]
    after = {stage.state.value for stage in project.plan().stages}
    assert after == {"fresh", "always", "after"}  # what follows a stage that always runs
