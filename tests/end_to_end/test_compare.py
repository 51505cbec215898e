"""Comparisons of real executions: a sweep of trials, a helper that changed, two commits."""

import json
from typing import Any

import pytest
from checkout import Checkout

pytestmark = pytest.mark.slow


def compare(project: Checkout, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.ok("stagebook", "compare", *words, "--json").output)
    return found


def test_a_sweep_of_five_trials_is_a_table_and_a_gallery(chain: Checkout) -> None:
    for factor in (1, 2, 3, 4, 5):
        chain.ok("stagebook", "run", "double", "-P", f"factor={factor}")
    found = compare(chain, "--sweep", "double")
    tried = [one["parameters"]["factor"] for one in found["executions"]]
    assert tried == [5, 4, 3, 2, 1, 2.5]  # it has no metrics: the newest comes first
    assert [one["build"] for one in found["executions"]] == [False] * 5 + [True]
    chain.ok("stagebook", "compare", "--sweep", "double", "--html", "sweep.html")
    page = chain.read("sweep.html")
    assert "<img" not in page
    assert page.count("factor <strong>") == 6


def test_a_helper_that_changed_is_told_by_build_and_by_commit(chain: Checkout) -> None:
    chain.write("src/lib/deep.py", "def square(number):\n    return number * number + 1\n")
    assert chain.build() == {"sources", "make", "double", "report"}
    chain.commit()
    for words in ([], ["HEAD"], ["HEAD", "HEAD~1"]):
        found = compare(chain, *words)
        stages = {one["stage"]: one for one in found["stages"]}
        assert set(stages) == {"make", "double", "report"}
        assert found["unchanged"] == ["other"]
        assert found["elsewhere"] == []
        assert stages["make"]["code"] == {"changed": True, "cells": 0, "modules": ["lib.deep"]}
        assert stages["double"]["inputs"]["data/numbers.csv"]["now"]["rows"] == 6
        assert stages["report"]["metrics"]["total"] == {"before": 137.5, "now": 152.5}
    chain.ok("stagebook", "compare", "--html", "page.html")
    page = chain.read("page.html")
    assert "<del>− 137.5</del><ins>+ 152.5</ins>" in page
    assert "▲ +15" in page
    assert '<ul class="notes">' not in page
    assert '<div class="pair ' in page


def test_a_notebook_that_is_no_longer_kept_is_had_from_mlflow(chain: Checkout) -> None:
    chain.ok("stagebook", "run", "other", "-P", "word=again")
    chain.ok("stagebook", "deliver")
    for path in (chain.root / ".stagebook" / "executed").rglob("*.gz"):
        path.unlink()
    for path in (chain.root / "runs").glob("*.ipynb"):
        path.unlink()
    name = chain.records()[-1]["volatile"]["id"]
    chain.ok("stagebook", "compare", name, "--html", "page.html")
    page = chain.read("page.html")
    assert '<ul class="notes">' not in page
    assert '<div class="pair ' in page
    assert "again" in page
    run_id = json.loads(chain.read(f".stagebook/delivered/{name}.json"))["run_id"]
    assert compare(chain, run_id)["now"]["name"] == name
