"""Metrics and figures are written with bytes that repeat."""

from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from flights.figures import save, use_style
from flights.metrics import write_metrics


def test_metrics_are_sorted_and_leave_out_what_is_no_number(tmp_path: Path) -> None:
    file = tmp_path / "metrics.json"
    write_metrics(str(file), {"b": {"z": 1, "auc": float("nan")}, "a": 0.5})
    assert file.read_text() == '{\n  "a": 0.5,\n  "b": {\n    "z": 1\n  }\n}\n'


@pytest.fixture
def plain_style() -> object:
    with mpl.rc_context():
        use_style()
        yield


@pytest.mark.usefixtures("plain_style")
def test_a_figure_is_saved_with_the_same_bytes_twice(tmp_path: Path) -> None:
    files = [tmp_path / "one" / "figure.svg", tmp_path / "two" / "figure.svg"]
    for file in files:
        figure = Figure()
        figure.subplots().plot([0, 1], [0, 1], "o-")
        save(figure, file)
    assert files[0].read_bytes() == files[1].read_bytes()
