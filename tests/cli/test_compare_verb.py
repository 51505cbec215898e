"""`stagebook compare` on records as executions leave them: its screens, its JSON, its errors."""

import json
import re
from pathlib import Path

import pytest
import spooled
from click.testing import CliRunner, Result
from rich.console import Console
from spooled import parameters, put, record, recorded

from stagebook.cli import compare_screen
from stagebook.cli.main import main
from stagebook.history.sweep import Sweep
from stagebook.project.errors import Exit

ONE, TWO, THREE = (f"2026010{day}T100000000000" for day in (1, 2, 3))
ESCAPE = "\x1b]0;pwned\x07\x1b[31m"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project after two builds and a trial, that one stands in."""
    spooled.project(tmp_path, {"make": ([], ["a.txt"]), "fit": (["a.txt"], ["m.pkl"])})
    state = tmp_path / ".stagebook"
    table = {"paths": ["a.txt"], "rows": 7, "role": "input"}
    put(state, record(f"{ONE}-make-11111111", repro="one-1"))
    put(
        state,
        record(
            f"{ONE}-fit-22222222",
            "fit",
            repro="one-1",
            parameters=parameters(rate=0.5, kind="tree"),
            inputs={"a.txt": "a" * 32},
            metrics={"auc": 0.5, "rows": 7, "note": "fine"},
            tables=[table],
        ),
    )
    put(
        state,
        record(
            f"{TWO}-fit-33333333",
            "fit",
            repro="two-2",
            parameters=parameters(rate=0.25, kind="tree"),
            inputs={"a.txt": "b" * 32},
            metrics={"auc": 0.75, "rows": 7, "note": 1},
            tables=[{**table, "rows": 9}],
            code={"cells": ["c" * 64, "d" * 64], "modules": {"src/lib/deep.py": "1"}},
            environment={"python": "3.12.1", "threads": 1, "distributions": {}},
        ),
    )
    trial = record(f"{THREE}-fit-44444444", "fit", build=False, outcome="failed")
    put(state, {**trial, "parameters": parameters(rate=1.0, kind="tree")})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(main, ["compare", *words])


def lines(*words: str) -> list[list[str]]:
    done = run(*words)
    assert done.exit_code == 0, done.output
    return [line.split() for line in done.stdout.splitlines() if line]


def test_the_screen_tells_what_differs_with_its_kind_and_how_far() -> None:
    told = lines()
    assert ["parameters", "rate", "0.5", "0.25"] in told
    assert ["metrics", "auc", "0.5", "0.75", "▲", "+0.25"] in told
    assert ["note", "fine", "1", "was", "a", "text"] in told
    assert [
        "data",
        "read",
        "a.txt",
        "aaaaaaaaaa,",
        "7",
        "rows",
        "bbbbbbbbbb,",
        "9",
        "rows",
        "+2",
        "rows",
    ] in told
    assert ["code", "notebook", "1", "new", "or", "changed", "cell"] in told
    assert ["lib.deep", "changed"] in told
    assert ["packages", "Python", "3.11.7", "3.12.1"] in told
    assert told[-1] == ["unchanged", "make"]
    assert not any("kind" in line or "rows" in line[:1] for line in told)


def test_a_name_alone_means_the_one_before() -> None:
    assert run("33333333").stdout.partition("\n\n")[2] == run().stdout.partition("\n\n")[2].replace(
        "\nunchanged  make\n", ""
    )


def test_the_order_says_which_is_which() -> None:
    assert ["metrics", "auc", "0.75", "0.5", "▼", "−0.25"] in lines("22222222", "33333333")


def test_json_has_the_same() -> None:
    found = json.loads(run("--json").stdout)
    assert found["now"] == {"kind": "build", "name": "two-2"}
    [stage] = found["stages"]
    assert stage["parameters"] == {"rate": {"before": 0.5, "now": 0.25}}
    assert stage["code"] == {"changed": True, "cells": 1, "modules": ["lib.deep"]}
    assert found["unchanged"] == ["make"]


def test_a_sweep_is_a_table_with_what_differs() -> None:
    told = lines("--sweep", "fit")
    assert told[0] == ["fit", "3", "executions,", "highest", "auc", "first"]
    assert told[1] == ["same", "parameters", "kind", "tree"]
    assert told[2] == ["same", "metrics", "rows", "7"]
    assert told[3] == ["when,", "UTC", "execution", "rate", "auc", "note"]
    assert told[4][2:] == ["33333333", "build", "0.25", "0.75", "1"]
    assert told[6][2:] == ["44444444", "failed", "1.0", "–", "–"]


def test_a_sweep_marks_what_is_of_other_code_and_says_so_above(folder: Path) -> None:
    put(folder / ".stagebook", record(f"{THREE}-fit-55555555", "fit", source="6" * 64))
    told = lines("--sweep", "fit")
    assert told[1][:4] == ["*", "3", "of", "4"]
    assert {line[2] for line in told if len(line) > 3 and line[1].count(":") == 1} == {
        "55555555",
        "44444444*",
        "33333333*",
        "22222222*",
    }


def test_a_sweep_says_that_a_gate_gave_its_order(folder: Path) -> None:
    stages: dict[str, tuple[list[str], list[str]]] = {"fit": ([], ["metrics/fit.json"])}
    headline = 'headline = ["metrics/fit.json:loss"]\n'
    gate = '[tool.stagebook.gates."metrics/fit.json:loss"]\nceiling = 0.5\n'
    spooled.project(folder, stages, more=headline + gate)
    for day, loss in ((ONE, 0.25), (TWO, 0.5)):
        files = {"metrics/fit.json": day}
        put(
            folder / ".stagebook",
            record(f"{day}-fit-{day}", "fit", metrics={"loss": loss}, outputs=files),
        )
    assert {"loss", "lowest"} <= set(
        re.findall(r"\w+", run("--sweep", "fit", "--last", "5").stdout)
    )
    found = json.loads(run("--sweep", "fit", "--json").stdout)
    assert (found["sorted_by"], found["higher_is_better"]) == ("loss", False)
    assert [one["metrics"].get("loss") for one in found["executions"]][:2] == [0.25, 0.5]


@pytest.mark.parametrize(("width", "metrics"), [(120, 4), (80, 2), (20, 1)])
def test_a_sweep_has_as_many_columns_as_the_terminal_has_room_for(
    width: int, metrics: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = [{f"metric_of_{n}_letters": day + n for n in range(5)} for day in range(2)]
    found = Sweep.of(
        "fit", [recorded(ONE + f"-fit-{n}", metrics=m) for n, m in enumerate(measured)], ()
    )
    console = Console(width=width, force_terminal=True, highlight=False, color_system=None)
    monkeypatch.setattr(compare_screen, "_out", console)
    with console.capture() as held:
        compare_screen.sweep(found)
    told = held.get()
    assert f"{5 - metrics} more value" in told.replace("\n", " ")
    assert ("metric_of_1_letters" in told) is (metrics > 1)


def test_a_sweep_of_the_last_two_has_two() -> None:
    assert len(json.loads(run("--sweep", "fit", "--last", "2", "--json").stdout)["executions"]) == 2


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        (["fit"], "unknown-comparison", "--stage fit"),
        (["lasst"], "unknown-comparison", "`last`"),
        (["33333333", "11111111"], "two-stages", "stagebook log fit"),
        (["11111111"], "nothing-before", "stagebook compare ONE OTHER"),
        (["last~7"], "nothing-before", "stagebook compare ONE OTHER"),
        (["--stage", "fti"], "no-executions", "`fit`"),
        (["--sweep", "fti"], "no-executions", "`fit`"),
        ([ONE], "ambiguous-comparison", "Give more"),
    ],
)
def test_what_is_not_there_is_told_with_a_hint(words: list[str], code: str, hint: str) -> None:
    done = run(*words, "--json")
    assert done.exit_code == Exit.INVALID
    [problem] = json.loads(done.stdout)["problems"]
    assert problem["code"] == code
    assert hint in problem["hint"]


def test_a_sweep_takes_no_sides() -> None:
    assert run("last", "--sweep", "fit").exit_code == Exit.USAGE


def test_what_others_wrote_cannot_steer_the_terminal(folder: Path) -> None:
    value = parameters(**{f"{ESCAPE}x": ESCAPE})
    one = record(f"{THREE}-make-55555555", parameters=value, metrics={ESCAPE: f"{ESCAPE}[bold]"})
    put(folder / ".stagebook", one)
    for words in (["55555555"], ["--sweep", "make"]):
        told = run(*words)
        assert told.exit_code == 0
        assert "\x1b" not in told.output
        assert "\\x1b" in told.output


def test_a_page_is_written_where_it_was_asked_for(folder: Path) -> None:
    for words in ([], ["--sweep", "fit"]):
        done = run(*words, "--html", "page.html")
        assert done.exit_code == 0
        assert done.stdout == ""
        assert "<!doctype html>" in (folder / "page.html").read_text()


@pytest.mark.parametrize("option", ["--last", "--figure"])
def test_what_is_of_a_sweep_is_refused_without_one(folder: Path, option: str) -> None:
    done = run("last", option, "3")
    assert done.exit_code == Exit.USAGE
    assert option in done.output.splitlines()[-1]
    assert "--sweep STAGE" in done.output.splitlines()[-1]
