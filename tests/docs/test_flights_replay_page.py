"""The page about the replay of the flights has the numbers of the last build."""

import json
import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "flights-replay.md").read_text("utf-8")
SEEN: dict[str, Any] = json.loads((ROOT / "metrics" / "decide.json").read_text("utf-8"))
MONTHS: dict[str, dict[str, Any]] = SEEN["months"]


def rows(*cells: Any) -> list[str]:
    """The rows of the page whose first cells are these."""
    begin = "| " + " | ".join(map(str, cells)) + " |"
    return [line for line in PAGE.splitlines() if line.startswith(begin)]


def day(name: str) -> str:
    """A day as the page writes it, such as ``21 December``."""
    return f"{pd.Timestamp(name).day} {pd.Timestamp(name):%B}"


@pytest.mark.parametrize("name", MONTHS)
def test_a_month_has_the_numbers_of_the_build(name: str) -> None:
    own = MONTHS[name]
    cells = (
        name,
        f"{own['flights']:,}",
        f"{own['drifted']} of {own['compared']}",
        *(f"{own[metric]:.3f}" for metric in ("expected_auc", "auc", "expected_brier", "brier")),
        own["state"],
        own["decision"],
    )
    assert len(rows(*cells)) == 1
    assert f"{own['labelled']:.0%}" == "99%"


@pytest.mark.parametrize("name", SEEN["policies"])
def test_a_policy_has_the_numbers_of_the_build(name: str) -> None:
    own = SEEN["policies"][name]
    amounts = (f"{own[item]:,.0f}" for item in ("wrong", "cost", "saved"))
    assert len(rows(name.replace("_", " "), own["retrainings"], *amounts)) == 1


@pytest.mark.parametrize("trained", SEEN["brier"])
def test_a_model_has_the_scores_of_the_build(trained: str) -> None:
    scores = SEEN["brier"][trained]
    cells = (f"{scores[month]:.4f}" if month in scores else "–" for month in MONTHS)
    assert len(rows(trained, *cells)) == 1


def test_the_text_has_the_numbers_of_the_build() -> None:
    alarm, after, november = SEEN["alarm"], SEEN["after_alarm"], MONTHS["2013-11"]
    december, october = MONTHS["2013-12"], MONTHS["2013-10"]
    dates = f"on {day(alarm['day'])}, and dates the beginning of the rise to {day(alarm['since'])}"
    assert f"The alarm came {dates}" in PAGE
    assert f"above its limit of {alarm['limit']:.3f}." in PAGE
    assert f"from {november['auc_low']:.3f} to {november['auc_high']:.3f}" in PAGE
    assert november["auc_low"] < october["auc"] < november["auc_high"]
    assert f"to {december['expected_brier']:.3f} and not to {december['brier']:.3f}" in PAGE
    late = f"{after['wrong_retrained']:,.0f} wrong forecasts instead of {after['wrong']:,.0f}"
    assert f"{late} on the {after['flights']:,} flights" in PAGE
    assert f"costs {-after['saved']:,.0f} dollars more than it saves" in PAGE
    assert 0.30 < december["late"] < 0.37  # "a third of its flights were late"


def test_the_costs_are_those_of_the_build() -> None:
    params = (ROOT / "params" / "decide.yaml").read_text("utf-8")
    costs = dict(re.findall(r"^(wrong|retraining|false_alarm): (\d+)\.0$", params, re.MULTILINE))
    words = (
        f"{costs['wrong']} dollars for a wrong forecast, {costs['retraining']} for a retraining, "
        f"{costs['false_alarm']} for a false alarm"
    )
    assert words in PAGE
