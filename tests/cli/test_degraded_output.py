"""Output degrades to what its encoding has, and never fails a verb."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

SETTINGS = '[project]\nname = "größe"\n[tool.stagebook]\nnotebooks = "日記 ✓"\n'


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    (root / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
    return root


def stagebook(root: Path, encoding: str, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "stagebook", *words],
        cwd=root,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("encoding", ["ascii:strict", "latin-1", "cp932"])
def test_problems_are_printed_in_any_encoding(root: Path, encoding: str) -> None:
    ended = stagebook(root, encoding, "run", "zzz")
    shown = ended.stderr.decode(encoding.partition(":")[0])
    assert ended.returncode == 4
    assert re.search(r"^  (->|→) .*dvc init\b", shown, re.MULTILINE)
    assert b"Traceback" not in ended.stderr


def test_json_stays_json_in_ascii(root: Path) -> None:
    ended = stagebook(root, "ascii", "summary", "--json")
    assert ended.returncode == 0
    assert "gr\\u00f6\\u00dfe" in ended.stdout.decode("ascii")
    assert json.loads(ended.stdout)["name"] == "größe"


def test_signs_of_ours_become_words(root: Path) -> None:
    code = (
        "from stagebook.cli.degraded_output import degrade; degrade(); degrade();"
        "print('✓ ✗ → … \\u00a0\\U0001f600\\udcff ü')"
    )
    command = [sys.executable, "-c", code]
    for encoding, expected in (
        ("ascii", rb"ok x -> ...  \ud83d\ude00\udcff \u00fc"),
        ("latin-1", b"ok x -> ... \xa0\\ud83d\\ude00\\udcff \xfc"),
        ("utf-8", "✓ ✗ → … \u00a0\U0001f600\\udcff ü".encode()),
    ):
        env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": os.pathsep.join(sys.path)}
        assert subprocess.run(command, env=env, capture_output=True, check=True).stdout == (
            expected + b"\n"
        )


def test_help_is_printed_in_ascii(root: Path) -> None:
    ended = stagebook(root, "ascii", "model", "register", "--help")
    assert ended.returncode == 0
    assert "challenger" in ended.stdout.decode("ascii")
