"""A trace on a terminal: what stands where, however wide the terminal is."""

import io
import re
from typing import Any

import pytest
from rich.console import Console

from stagebook.cli import trace_screen
from stagebook.cli.printed import put
from stagebook.history.lineage.graph import Activity, Entity, Trace, TraceQuery

RAW = Entity("data/raw/departures.parquet", "a" * 32)
TABLE = Entity("data/features.parquet", "b" * 32)
MODEL = Entity("models/late.pkl", "c" * 32)
CURVES = Entity("plots/curves.csv", "d" * 32)
PARAMETERS = [
    {"name": f"number_{one}", "value": one, "origin": "params file", "default": 0}
    for one in range(12)
]


def making(
    stage: str,
    inputs: tuple[Entity, ...],
    outputs: tuple[Entity, ...],
    executed: str = "here",
    **more: Any,
) -> Activity:
    details = {
        "record": f"1-{stage}" if executed == "here" else None,
        "notebook": f"notebooks/{stage}.ipynb",
        "outcome": "done",
        "build": True,
        "seconds": 1.25,
        "command": f"stagebook run {stage}",
        "git": None,
        "commits": [],
        "parameters": [],
        "source": "5" * 64,
        "environment": None,
        "metrics": {},
        "mlflow": None,
    }
    started = "2013-01-01T12:00:00+00:00"
    return Activity(f"1-{stage}", stage, executed, inputs, outputs, started, {**details, **more})


FEATURES = making("features", (RAW,), (TABLE,), parameters=PARAMETERS)
TRAIN = making("train", (RAW, TABLE), (MODEL, CURVES), metrics={f"m{i}": i for i in range(9)})


def trace(asked: Entity, *makings: Activity, down: bool = False, **more: Any) -> Trace:
    return Trace(TraceQuery(asked.path, "path", (asked,)), down, None, makings, **more)


def shown(found: Trace, width: int = 100) -> list[str]:
    """The lines of a terminal of some width."""
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    for tree in trace_screen.trees(found):
        put(console, tree)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def said(found: Trace, width: int = 100) -> str:
    """The words of a terminal without the lines that it draws."""
    return " ".join(" ".join(shown(found, width)).translate(str.maketrans("│├└─", "    ")).split())


@pytest.mark.parametrize("width", [80, 120])
def test_every_word_is_there_and_no_line_is_wider_than_the_terminal(width: int) -> None:
    found = trace(MODEL, FEATURES, TRAIN)
    assert max(map(len, shown(found, width))) <= width
    words = said(found, width)
    for name in range(1, 12):
        assert f"number_{name} {name} (default 0)" in words
    assert words == said(found, 1000)


def test_below_a_file_stands_what_made_it_and_what_that_read() -> None:
    lines = shown(trace(MODEL, FEATURES, TRAIN))
    places = {
        word: next(i for i, line in enumerate(lines) if word in line)
        for word in ("models/late.pkl", "train: done", "data/features.parquet", "features: done")
    }
    assert list(places.values()) == sorted(places.values())
    depth = {word: lines[place].index(word) for word, place in places.items()}
    assert depth["models/late.pkl"] == depth["train: done"] == 0
    assert depth["data/features.parquet"] == depth["features: done"] > 0


def test_an_execution_is_told_with_outcome_duration_and_time() -> None:
    assert any(
        re.search(r"train: done\b.* 1\.2 s\b.* 2013-01-01 12:00 UTC", line)
        for line in shown(trace(MODEL, TRAIN))
    )


def test_what_is_told_once_is_named_the_second_time() -> None:
    both = Entity("report.html", "e" * 32)
    report = making("report", (MODEL, CURVES), (both,))
    lines = shown(trace(both, FEATURES, TRAIN, report))
    assert sum("train: done" in line for line in lines) == 1
    [curves] = [line for line in lines if CURVES.path in line]
    assert re.search(r"\btrain\b", curves.removeprefix(CURVES.path))


def test_raw_data_are_called_so_with_what_tracks_them() -> None:
    assert f"{RAW.path} {'a' * 10}  raw" in shown(trace(RAW))
    tracked = shown(trace(RAW, tracked={RAW: f"{RAW.path}.dvc"}))
    assert len(tracked) == 1
    assert tracked[0].startswith(f"{RAW.path} {'a' * 10}  raw")
    assert tracked[0].endswith(f" {RAW.path}.dvc")


def test_what_was_executed_elsewhere_says_so() -> None:
    words = said(trace(TABLE, making("features", (RAW,), (TABLE,), "elsewhere")))
    assert "features: " in words
    assert "elsewhere" in words


def test_a_file_of_a_folder_leads_to_what_wrote_the_folder() -> None:
    folder, part = Entity("parts", "f" * 32 + ".dir"), Entity("parts/a.txt", "e" * 32)
    words = said(trace(part, making("split", (RAW,), (folder,)), folders=((folder, part),)))
    assert "parts/a.txt" in words
    assert "folder" in words
    assert "split: done" in words


def test_of_many_metrics_a_few_are_shown_and_the_rest_counted() -> None:
    words = said(trace(MODEL, TRAIN))
    shown_ones = [one for one in range(9) if f"m{one} {one}" in words]
    assert len(shown_ones) == trace_screen.MOST
    assert f"{9 - trace_screen.MOST} more" in words


def test_downwards_an_execution_stands_above_what_it_wrote() -> None:
    lines = shown(trace(RAW, FEATURES, TRAIN, down=True))
    depth = {
        word: min(line.find(word) for line in lines if word in line)
        for word in (RAW.path, "features: done", TABLE.path)
    }
    assert depth[RAW.path] == 0 < depth["features: done"] < depth[TABLE.path]
    assert sum("train: done" in line for line in lines) == 1
    assert sum(bool(re.search(r"\btrain\b", line)) for line in lines) == 2


def test_downwards_a_file_that_nothing_read_says_so() -> None:
    [line] = shown(trace(MODEL, down=True))
    assert "no execution" in line


def test_a_file_name_brings_neither_markup_nor_a_line_nor_a_colour() -> None:
    odd = Entity("a[red]b\n\x1b[31mc", "e" * 32)
    [line] = shown(trace(odd))
    assert "a[red]b" in line
    assert "\x1b" not in line


def test_notes_go_to_standard_error_and_a_program_gets_whole_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    found = trace(TABLE, FEATURES, notes=("More.",))
    trace_screen.show(found)
    out, err = capsys.readouterr()
    assert "More." in err
    assert "More." not in out
    [parameters] = [line for line in out.splitlines() if line.startswith("parameters ")]
    assert parameters.count("(default 0)") == 11
