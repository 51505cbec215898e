"""A package under another scikit-learn, in an environment that really has one."""

import json
import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path
from typing import Any

import pytest
import sklearn
from packaging.version import Version

pytestmark = pytest.mark.slow

LOAD = textwrap.dedent(
    """
    import json, sys
    import sklearn
    from stagebook.project.errors import StagebookError
    from stagebook.model.load import load
    rules = {"environment": sys.argv[2]} if sys.argv[2:] else {}
    try:
        load(sys.argv[1], materials="ignore", attestation="ignore", **rules)
        problems = []
    except StagebookError as error:
        problems = [one.as_json() for one in error.problems]
    print(json.dumps({"version": sklearn.__version__, "problems": problems}))
    """
)


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an environment whose scikit-learn is of the minor version before.

    All else is what these tests run with.
    """
    folder = tmp_path_factory.mktemp("other") / "environment"
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    here = Version(sklearn.__version__)
    wanted = f"scikit-learn<{here.major}.{here.minor}"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", wanted]
    subprocess.run(pip, check=True)
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "zz_all_else.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def loaded(python: Path, package: Path, *rule: str) -> tuple[str, list[dict[str, Any]]]:
    """The version of scikit-learn there, and why a package is not loaded."""
    source = str(Path(__file__).parents[2] / "src")
    done = subprocess.run(
        [str(python), "-c", LOAD, str(package), *rule],
        env={**os.environ, "PYTHONPATH": source},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    return found["version"], found["problems"]


def test_another_scikit_learn_is_refused_with_both_versions_and_the_line_that_mends_it(
    other: Path, original: Path
) -> None:
    version, (problem,) = loaded(other, original / "tall")
    assert Version(version) < Version(sklearn.__version__)
    assert problem["code"] == "other-version"
    assert f"scikit-learn {sklearn.__version__}" in problem["message"]
    assert version in problem["message"]
    assert problem["hint"] == f"pip install scikit-learn=={sklearn.__version__}"


@pytest.mark.parametrize("rule", ["equal", "compatible"])
def test_another_minor_version_is_not_compatible(other: Path, original: Path, rule: str) -> None:
    _, (problem,) = loaded(other, original / "tall", rule)
    assert problem["code"] == "other-version"


def test_where_the_version_is_ignored_the_warning_of_scikit_learn_refuses(
    other: Path, original: Path
) -> None:
    version, (problem,) = loaded(other, original / "tall", "ignore")
    assert problem["code"] == "unreadable-model"
    assert f"scikit-learn {sklearn.__version__}" in problem["message"]
    assert version in problem["message"]
    assert problem["hint"] == f"pip install scikit-learn=={sklearn.__version__}"


def test_in_the_environment_of_the_tests_it_is_loaded(original: Path) -> None:
    assert loaded(Path(sys.executable), original / "tall") == (sklearn.__version__, [])
