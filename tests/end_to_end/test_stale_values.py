"""A value that was not rebuilt is called stale, in all places, with the change that made it so."""

import json
from typing import Any

import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

GATE = """
[tool.stagebook.gates."metrics/report.json:total"]
floor = 0
"""


def gate(project: Checkout, *options: str) -> tuple[int, dict[str, str]]:
    """The exit code, and what it says of each stage."""
    done = project.run("stagebook", "gate", "--json", *options)
    found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return done.code, {one["stage"]: one["how"] for one in found["broken"]}


def changes(project: Checkout) -> dict[str, list[tuple[str, str]]]:
    """Of each stale stage, kind and subject of the changes that made it so."""
    summary = json.loads(project.ok("stagebook", "summary", "--json").output)
    return {
        stage: [(cause["kind"], cause["what"]) for cause in causes]
        for stage, causes in summary["stale"].items()
    }


def places(project: Checkout) -> tuple[dict[str, list[str]], str, str, str]:
    """Causes of the summary by stage, its words, the gist, and the front page."""
    summary = json.loads(project.ok("stagebook", "summary", "--json").output)
    causes = {name: [one["words"] for one in each] for name, each in summary["stale"].items()}
    words = project.ok("stagebook", "summary").output
    gist = project.ok("stagebook", "report", "--markdown").output
    project.ok("stagebook", "report")
    return causes, words, gist, project.read("site/index.html")


def test_a_change_that_was_not_built_is_told_in_all_places(chain: Checkout) -> None:
    settings = chain.read("pyproject.toml")
    chain.write("pyproject.toml", settings + GATE)
    assert gate(chain) == (0, {})
    assert json.loads(chain.ok("stagebook", "summary", "--json").output)["dirty"] is False

    params = chain.read("params/double.yaml")
    chain.write("params/double.yaml", "factor: 7\n")
    code, broken = gate(chain)
    assert (code, set(broken)) == (14, {"double", "report"})
    assert all("factor" in words and "→ 7" in words for words in broken.values())
    assert gate(chain, "--allow-stale") == (0, {})
    causes, words, gist, front = places(chain)
    assert set(causes) == {"double", "report"}
    assert "report (stale)" in words
    assert "`double`" in gist
    assert "✅" not in gist
    assert "unchanged" not in front.partition('class="tiles"')[2].partition("</section>")[0]
    assert "stale: factor" in front
    chain.write("params/double.yaml", params)
    assert gate(chain) == (0, {})

    text = chain.read("notebooks/double.py")
    chain.write("notebooks/double.py", f"{text}\n\n# %% [markdown]\n# Only words\n")
    assert gate(chain) == (0, {})
    chain.write("notebooks/double.py", f"{text}\n\n# %%\nprint(1)\n")
    code, broken = gate(chain)
    assert (code, broken["report"]) == (14, broken["double"])
    assert changes(chain) == {"double": [("code", "double")], "report": [("code", "double")]}
    assert "(cells)" in broken["double"]
    chain.write("notebooks/double.py", text)

    metrics = chain.read("metrics/report.json")
    chain.write("metrics/report.json", metrics.replace("{", '{"more": 1,', 1))
    code, broken = gate(chain)
    assert code == 14
    assert set(broken) == {"report"}
    assert changes(chain) == {"report": [("output", "metrics/report.json")]}
    assert "metrics/report.json" in broken["report"]
    assert gate(chain, "--allow-stale") == (code, broken)
    chain.write("metrics/report.json", metrics)
    assert gate(chain) == (0, {})


def test_what_follows_a_failed_stage_is_stale(chain: Checkout) -> None:
    text = chain.read("notebooks/double.py")
    chain.write("notebooks/double.py", f"{text}\n\n# %%\n1 / 0\n")
    assert chain.run("dvc", "repro").code == 255
    code, broken = gate(chain)
    assert (code, broken["double"], broken["report"]) == (1, "failed", "not reached")
    causes, words, gist, front = places(chain)
    assert "double failed" in causes["report"]
    assert "double (failed), report (not reached)" in words
    assert "(stale)" in gist
    assert "✅" not in gist
    assert "double failed" in front


def test_a_hand_written_stage_that_was_never_built_is_said(chain: Checkout) -> None:
    by_hand = (
        "  fan:\n    matrix:\n      k: [1, 2]\n    cmd: echo ${item.k} > fan-${item.k}.txt\n"
        "    outs: ['fan-${item.k}.txt']\n  check:\n    cmd: 'false'\n  held:\n    frozen: true\n"
        "    cmd: 'false'\n    outs: [held.txt]\n"
    )
    chain.write("dvc.yaml", f"{chain.read('dvc.yaml').rstrip()}\n{by_hand}")
    missing = ["fan@1", "fan@2", "check"]
    assert gate(chain) == (1, dict.fromkeys(missing, "never built"))
    summary = json.loads(chain.ok("stagebook", "summary", "--json").output)
    assert summary["never_built"] == missing
    assert f"never built  {', '.join(missing)}" in chain.ok("stagebook", "summary").output
    chain.ok("dvc", "repro", "fan")
    assert gate(chain) == (1, {"check": "never built"})
