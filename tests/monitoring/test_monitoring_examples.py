"""The examples in the docstrings of the room give what they show."""

import doctest
import importlib

import pytest

MODULES = [
    "stagebook.data.profiles.score_histogram",
    "stagebook.monitoring.binary_metrics",
    "stagebook.monitoring.calibration",
    "stagebook.monitoring.cbpe",
    "stagebook.monitoring.cadence",
    "stagebook.monitoring.change_detector",
    "stagebook.monitoring.cohorts",
    "stagebook.monitoring.day_store",
    "stagebook.monitoring.error_budget",
    "stagebook.monitoring.exact_sum",
    "stagebook.monitoring.label_bounds",
    "stagebook.monitoring.labelled_day",
    "stagebook.monitoring.labels",
    "stagebook.monitoring.latency",
    "stagebook.monitoring.webhook",
]


@pytest.mark.parametrize("name", MODULES)
def test_an_example_of_monitoring_gives_what_it_shows(name: str) -> None:
    results = doctest.testmod(importlib.import_module(name))
    assert results.attempted
    assert not results.failed
