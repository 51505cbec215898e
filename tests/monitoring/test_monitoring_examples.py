"""The examples in the docstrings of the room give what they show."""

import doctest
import importlib

import pytest

MODULES = [
    "binary_metrics",
    "calibration",
    "cbpe",
    "confidence",
    "error_budget",
    "risk_change",
    "score_histogram",
]


@pytest.mark.parametrize("name", MODULES)
def test_an_example_of_monitoring_gives_what_it_shows(name: str) -> None:
    results = doctest.testmod(importlib.import_module(f"stagebook.monitoring.{name}"))
    assert results.attempted
    assert not results.failed
