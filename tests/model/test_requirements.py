"""What a package may ask pip to install."""

from collections.abc import Callable
from pathlib import Path

import pytest

from stagebook.model import clean, requirements
from stagebook.model.policy import Policy
from stagebook.project.errors import Exit, StagebookError


def test_distributions_with_versions_are_taken() -> None:
    assert requirements.parse("numpy==2.4.6\nscikit-learn == 1.9.0\n\n") == (
        "numpy==2.4.6",
        "scikit-learn == 1.9.0",
    )


@pytest.mark.parametrize(
    "line",
    [
        "evil @ file:///tmp/evil",
        "evil @ https://example.org/evil.whl",
        "evil@git+https://example.org/evil.git",
        "file:///tmp/evil",
        "./evil.whl",
        "/tmp/evil.tar.gz",
        "-e .",
        "--editable=/tmp/evil",
        "--index-url http://example.org",
        "-i http://example.org",
        "--extra-index-url=http://example.org",
        "--find-links /tmp",
        "--no-binary :all:",
        "--trusted-host example.org",
        "-r /tmp/other.txt",
        "-c /tmp/other.txt",
        "numpy",
        "numpy>=2",
        "numpy==2.*",
        "numpy==2.4.6,!=2.4.5",
        "numpy===2.4.6",
        "numpy[extra]==2.4.6",
        'numpy==2.4.6; python_version > "3"',
        "numpy==2.4.6 --hash=sha256:00",
        "numpy==2.4.6 \\",
        "numpy==2.4.6 # comment",
        "# comment",
        "${HOME}",
        "n" * 100_000,
    ],
)
def test_anything_else_that_pip_takes_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(StagebookError) as caught:
        requirements.parse(f"numpy==2.4.6\n{line}\n")
    (problem,) = caught.value.problems
    assert (problem.code, problem.where and problem.where.line) == ("bad-requirement", 2)
    assert caught.value.exit_code == Exit.UNFIT


@pytest.mark.parametrize("fits", [True, False])
def test_nothing_is_made_for_a_package_with_a_changed_requirement(
    packaged: Path, rehash: Callable[[Path], None], fits: bool
) -> None:
    evil = packaged.with_name("evil")
    evil.mkdir()
    (evil / "setup.py").write_text(f"open({str(packaged.with_name('ran'))!r}, 'w')")
    with (packaged / "requirements.txt").open("a") as file:
        file.write(f"evil @ {evil.as_uri()}\n")
    if fits:
        rehash(packaged)
    steps: list[str] = []
    with pytest.raises(StagebookError) as caught:
        clean.check(packaged, Policy(attestation="ignore"), steps.append)
    expected = "bad-requirement" if fits else "package-changed"
    assert [one.code for one in caught.value.problems] == [expected]
    assert (caught.value.exit_code, steps) == (Exit.UNFIT, [])
    assert not packaged.with_name("ran").exists()
