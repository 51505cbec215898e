"""The command hands a run over before it imports anything slow."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from stagebook.cli.main import main
from stagebook.execution.warm import choice

CLIENT = (
    "import json, sys\n"
    "from stagebook.cli import entry, handing_over\n"
    "from stagebook.execution.warm import client, key, request\n"
    "print(json.dumps(sorted(sys.modules)))"
)
SLOW = {"asyncio", "subprocess", "logging", "tempfile", "urllib.request", "tomllib"}


def test_the_thin_client_imports_only_python_itself() -> None:
    """The assertion names the module that makes the client slow."""
    done = subprocess.run(
        [sys.executable, "-I", "-c", CLIENT], capture_output=True, text=True, check=True
    )
    modules = set(json.loads(done.stdout))
    tops = {name.partition(".")[0] for name in modules}
    bare = subprocess.run(
        [sys.executable, "-I", "-c", "import json, sys; print(json.dumps(sorted(sys.modules)))"],
        capture_output=True,
        text=True,
        check=True,
    )
    at_start = {name.partition(".")[0] for name in json.loads(bare.stdout)}  # by .pth files
    assert tops - sys.stdlib_module_names - at_start - {"stagebook"} == set()
    assert modules & SLOW == set()


@pytest.mark.parametrize(
    ("variable", "setting", "wanted"),
    [("", True, True), ("", False, False), ("1", False, True), ("0", True, False)],
)
def test_the_variable_overrides_the_setting(
    monkeypatch: pytest.MonkeyPatch, variable: str, setting: bool, wanted: bool
) -> None:
    monkeypatch.setenv(choice.VARIABLE, variable)
    assert choice.is_wanted(setting) is (wanted and sys.platform == "linux")


def test_where_forks_are_not_safe_no_process_is_warm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.VARIABLE, "1")
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not choice.is_wanted(True)


def test_a_project_without_warm_processes_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.stagebook]\n')
    monkeypatch.chdir(tmp_path)
    shown = CliRunner().invoke(main, ["warm", "status", "--json"])
    assert (shown.exit_code, json.loads(shown.output)) == (0, {"processes": []})
    stopped = CliRunner().invoke(main, ["warm", "stop", "--json"])
    assert (stopped.exit_code, json.loads(stopped.output)) == (0, {"stopped": []})
