"""Every value that a metrics file can hold is shown by every verb, whatever it was before."""

import itertools
import json
import math
from pathlib import Path

import pytest
import spooled
from click.testing import CliRunner
from spooled import put

from stagebook.cli.main import main

STAGES: dict[str, tuple[list[str], list[str]]] = {"fit": (["raw.csv"], ["metrics/fit.json"])}
GATED = """headline = ["metrics/fit.json:auc"]
[tool.stagebook.gates."metrics/fit.json:auc"]
floor = 0.5
drop = 0.1
"""
VALUES = [0.7, 10**400, -(10**400), 10**18, math.nan, math.inf, -math.inf, 5e-324, True, None, "x"]
VERBS = (
    ["report"],
    ["report", "--markdown"],
    ["gate", "--json"],
    ["gate"],
    ["log"],
    ["log", "--json"],
    ["compare"],
    ["compare", "--json"],
    ["compare", "--html", "page.html"],
    ["compare", "--sweep", "fit"],
    ["compare", "--sweep", "fit", "--json"],
    ["compare", "--sweep", "fit", "--html", "page.html"],
)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_a_verb_ends_well_or_says_why(
    verb: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = spooled.project(tmp_path, STAGES, more=GATED)
    (root / "metrics").mkdir()
    monkeypatch.chdir(root)
    values = [one for pair in itertools.pairwise([*VALUES, 0.7, *VALUES[::-1]]) for one in pair]
    for number, value in enumerate(values):
        name = f"20130101T10{number:02}00"
        auc = {"auc": value, "deep.0": value}
        put(root / ".stagebook", spooled.execution(name, "fit", name, STAGES, metrics=auc))
    for value in VALUES:
        (root / "metrics/fit.json").write_text(json.dumps({"auc": value}))
        done = CliRunner().invoke(main, verb)
        assert done.exception is None or isinstance(done.exception, SystemExit), (value, verb)
        if verb[0] == "log":
            break  # which reads no file


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("fit.json", '{"auc": ' + "1" * 5000 + "}"),
        ("fit.yaml", "auc: 0x" + "f" * 5000),
        ("fit.toml", "auc = 0x" + "f" * 5000),
        ("fit.json", '{"auc": ' + "[" * 9000 + "]" * 9000 + "}"),
        ("fit.yaml", "auc: " + "[" * 3000 + "]" * 3000),
    ],
)
def test_a_number_without_end_or_a_file_without_ground_is_a_problem(
    file: str, text: str, tmp_path: Path
) -> None:
    from stagebook.project.errors import StagebookError
    from stagebook.record import metrics

    (tmp_path / file).write_text(text)
    with pytest.raises(StagebookError) as raised:
        metrics.read(tmp_path, (file,))
    assert raised.value.problems[0].code in ("bad-metrics", "bad-yaml")
