"""`stagebook repro`: the same files as `dvc repro`, with stages side by side.

Most stages here have the mark of a notebook's stage and a shell command, which is quick.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout, Done

pytestmark = pytest.mark.undelivered

MIXED = """\
stages:
  left:
    cmd: tr a-z A-Z < raw.txt > left.txt
    deps: [raw.txt]
    outs: [left.txt]
    meta: {stagebook: left.ipynb}
  right:
    cmd: wc -c < imported.txt > right.json
    deps: [imported.txt]
    metrics:
    - right.json: {cache: false}
    meta: {stagebook: right.ipynb}
  tail:
    cmd: cat left.txt right.json > tail.txt
    deps: [left.txt, right.json]
    outs: [tail.txt]
    meta: {stagebook: tail.ipynb}
  many:
    foreach: [one, two]
    do:
      cmd: mkdir -p parts/${item} && cp left.txt parts/${item}/part.txt
      deps: [left.txt]
      outs: ["parts/${item}"]
  inside:
    wdir: sub
    cmd:
    - cat ../right.json ../parts/one/part.txt > inside.txt
    - echo more >> inside.txt
    deps: [../right.json, ../parts/one]
    outs: [inside.txt]
  kept:
    cmd: cat sub/inside.txt >> kept.txt
    deps: [sub/inside.txt]
    outs:
    - kept.txt: {persist: true}
  uncached:
    cmd: cat tail.txt > uncached.txt
    deps: [tail.txt]
    outs:
    - uncached.txt: {cache: false}
    meta: {stagebook: uncached.ipynb}
  always:
    cmd: cat left.txt > always.txt
    deps: [left.txt]
    outs: [always.txt]
    always_changed: true
  still:
    cmd: exit 1
    deps: [left.txt]
    outs: [still.txt]
    frozen: true
  silent:
    cmd: echo nothing to write
    deps: [tail.txt]
  start:
    cmd: echo begin > start.txt
    outs: [start.txt]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Checkout:
    """A project of DVC without git or stages."""
    checkout = Checkout(tmp_path / "with space")
    checkout.write("pyproject.toml", '[project]\nname = "little"\n\n[tool.stagebook]\n')
    checkout.ok("dvc", "init", "-q", "--no-scm")
    return checkout


def marked(**commands: str) -> str:
    """A dvc.yaml of independent stages, each of which writes the file of its name."""
    stages = {
        name: {
            "cmd": command,
            "deps": ["raw.txt"],
            "outs": [f"{name}.txt"],
            "meta": {"stagebook": f"{name}.ipynb"},
        }
        for name, command in commands.items()
    }
    return json.dumps({"stages": stages})


def states(done: Done) -> dict[str, str]:
    return {stage["stage"]: stage["state"] for stage in result(done)["stages"]}


def result(done: Done) -> dict[str, Any]:
    values: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    return values


def files(root: Path) -> dict[str, bytes]:
    """Every file of a project, and of DVC's cache."""
    kept = (path for path in root.rglob("*") if path.is_file() and path.name != "mlflow.db")
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in kept
        if not {"tmp", ".git", ".stagebook"} & set(path.relative_to(root).parts)
    }


def mixed(checkout: Checkout) -> Checkout:
    checkout.ok("git", "init", "-q")
    checkout.ok("dvc", "init", "-q")
    checkout.write("pyproject.toml", '[project]\nname = "little"\n\n[tool.stagebook]\n')
    checkout.write("dvc.yaml", MIXED)
    checkout.write("raw.txt", "words\n")
    checkout.write("still.txt", "frozen\n")
    checkout.write("sub/.keep", "")
    checkout.write("elsewhere.txt", "imported\n")
    checkout.ok("dvc", "add", "-q", "raw.txt")
    checkout.ok("dvc", "import-url", "-q", "elsewhere.txt", "imported.txt")
    return checkout


def test_every_kind_of_stage_leaves_the_same_bytes_as_a_serial_build(tmp_path: Path) -> None:
    sides = {}
    for name, command in {"serial": ["dvc"], "beside": ["stagebook"]}.items():
        checkout = Checkout(tmp_path / name)
        checkout.root.mkdir()
        mixed(checkout)
        checkout.ok(*command, "repro")
        first = files(checkout.root)
        checkout.write("raw.txt", "other words\n")
        checkout.write("elsewhere.txt", "imported again\n")
        checkout.ok(*command, "repro")
        sides[name] = first, files(checkout.root)
    for serial, beside in zip(*sides.values(), strict=True):
        assert beside.keys() == serial.keys()
        assert {path for path in serial if serial[path] != beside[path]} == set()
    assert b"OTHER WORDS" in sides["beside"][1]["kept.txt"]


def test_stages_run_at_the_same_time(folder: Checkout) -> None:
    os.mkfifo(folder.root / "ab")
    os.mkfifo(folder.root / "ba")
    folder.write("raw.txt", "")
    # each waits for the other
    folder.write(
        "dvc.yaml",
        marked(a="echo from a > ab; cat ba > a.txt", b="cat ab > b.txt; echo from b > ba"),
    )
    folder.ok("stagebook", "repro", "-j", "2")
    assert folder.read("a.txt") + folder.read("b.txt") == "from b\nfrom a\n"


def test_a_build_that_finds_nothing_to_do_runs_nothing(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    folder.write("dvc.yaml", marked(a="echo a > a.txt", b="echo b > b.txt"))
    assert states(folder.ok("stagebook", "repro", "--json")) == {"a": "built", "b": "built"}
    assert states(folder.ok("stagebook", "repro", "--json")) == {"a": "fresh", "b": "fresh"}
    (folder.root / "dvc.lock").unlink()
    assert states(folder.ok("stagebook", "repro", "--json")) == {"a": "cached", "b": "cached"}
    assert folder.build() == set()


def test_a_forced_build_runs_every_stage_again(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    folder.write("dvc.yaml", marked(a="echo a >> ../runs; echo a > a.txt", b="echo b > b.txt"))
    for option in ((), ("--force",), ()):
        folder.ok("stagebook", "repro", *option)
    assert (folder.root.parent / "runs").read_text() == "a\na\n"
    assert states(folder.ok("stagebook", "repro", "-f", "--json")) == {"a": "built", "b": "built"}
    assert folder.build() == set()


def test_a_target_is_built_with_what_it_needs_and_nothing_else(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    folder.write("dvc.yaml", marked(a="echo a > a.txt", b="echo b > b.txt"))
    assert states(folder.ok("stagebook", "repro", "--json", "b")) == {"b": "built"}
    assert not (folder.root / "a.txt").exists()


def test_a_failure_lets_running_stages_finish_and_keep_going_starts_the_others(
    folder: Checkout,
) -> None:
    folder.write("raw.txt", "")
    failing = marked(
        bad="echo why it failed >&2; exit 7", other="echo other > other.txt", z="echo z > z.txt"
    )
    folder.write("dvc.yaml", failing)
    done = folder.run("stagebook", "repro", "-j", "1", "--json")
    assert done.code == 7
    assert states(done) == {"bad": "failed", "other": "waiting", "z": "waiting"}
    assert result(done)["stages"][0]["output"] == "why it failed"
    done = folder.run("stagebook", "repro", "-j", "1", "--keep-going", "--json")
    assert done.code == 7
    assert states(done) == {"bad": "failed", "other": "built", "z": "built"}
    assert folder.read("dvc.lock").count("cmd:") == 2


def test_a_stage_without_its_output_fails_as_dvc_says(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    folder.write("dvc.yaml", marked(a="echo nothing"))
    done = folder.run("stagebook", "repro", "--json")
    assert done.code == 1
    [problem] = result(done)["stages"][0]["problems"]
    assert problem["code"] == "not-reproduced"
    assert "a.txt" in problem["message"]


@pytest.mark.parametrize(
    ("target", "hint"), [("tarin", "Did you mean `train`?"), ("zzz", "The stages are: train.")]
)
def test_an_unknown_target_is_refused_with_the_nearest_name(
    folder: Checkout, target: str, hint: str
) -> None:
    folder.write("dvc.yaml", marked(train="true"))
    done = folder.run("stagebook", "repro", "--json", target)
    assert (done.code, [problem.code for problem in done.problems]) == (3, ["no-stage"])
    assert done.problems[0].hint == hint


def test_a_cycle_is_refused(folder: Checkout) -> None:
    stages = {
        "a": {"cmd": "true", "deps": ["b.txt"], "outs": ["a.txt"]},
        "b": {"cmd": "true", "deps": ["a.txt"], "outs": ["b.txt"]},
    }
    folder.write("dvc.yaml", json.dumps({"stages": stages}))
    done = folder.run("stagebook", "repro", "--json")
    assert (done.code, [problem.code for problem in done.problems]) == (3, ["bad-pipeline"])


def test_the_exit_code_of_a_failed_script_is_not_passed_on(folder: Checkout) -> None:
    folder.write("dvc.yaml", json.dumps({"stages": {"script": {"cmd": "exit 9"}}}))
    assert folder.run("stagebook", "repro").code == 1


def test_a_dvc_yaml_that_is_out_of_sync_ends_the_build(folder: Checkout) -> None:
    folder.notebook("make", 'result: Out = "made.txt"')
    folder.ok("stagebook", "sync")
    folder.notebook("make", 'result: Out = "made.csv"')
    done = folder.run("stagebook", "repro")
    assert done.code == 9
    assert "stagebook sync" in done.output


@pytest.mark.parametrize("jobs", ["0", "-1", "two"])
def test_a_number_of_jobs_below_one_is_invalid_usage(folder: Checkout, jobs: str) -> None:
    assert folder.run("stagebook", "repro", "-j", jobs).code == 2


def test_a_second_build_at_once_is_refused_and_a_signal_ends_the_first(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    os.mkfifo(folder.root / "gate")
    os.mkfifo(folder.root / "begun")
    folder.write("dvc.yaml", marked(a="echo > a.txt", waits="echo > begun; cat gate > waits.txt"))
    first = folder.start("stagebook", "repro", "-j", "2")
    (folder.root / "begun").read_text()
    done = folder.run("stagebook", "repro", "--json")
    assert (done.code, [problem.code for problem in done.problems]) == (4, ["build-runs"])
    first.send_signal(signal.SIGTERM)
    output, _ = first.communicate()
    assert first.returncode == 143, output
    (folder.root / "gate").unlink()
    folder.write("dvc.yaml", marked(a="echo > a.txt", waits="echo > waits.txt"))
    assert states(folder.ok("stagebook", "repro", "--json")) == {"a": "fresh", "waits": "built"}


def test_a_stage_that_another_dvc_uses_is_not_touched(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    os.mkfifo(folder.root / "gate")
    os.mkfifo(folder.root / "begun")
    folder.write("dvc.yaml", marked(waits="echo > begun; cat gate > waits.txt"))
    other = folder.start("dvc", "repro")
    (folder.root / "begun").read_text()
    done = folder.run("stagebook", "repro", "--json")
    assert done.code == 4
    problem = result(done)["stages"][0]["problems"][0]
    assert problem["code"] == "dvc-busy"
    assert "\x1b" not in problem["message"]
    (folder.root / "gate").write_text("through\n")
    output, _ = other.communicate()
    assert other.returncode == 0, output
    assert folder.read("waits.txt") == "through\n"


def test_a_build_that_waits_for_another_dvc_says_so_and_ends_at_a_signal(folder: Checkout) -> None:
    folder.write("raw.txt", "")
    for name in ("gate", "begun"):
        os.mkfifo(folder.root / name)
    folder.write("dvc.yaml", marked(waits="echo > begun; cat gate > waits.txt"))
    build = folder.start("stagebook", "repro")
    (folder.root / "begun").read_text()
    code = "import sys; from dvc.repo import Repo; Repo().lock.lock(); print('held'); input()"
    words = [sys.executable, "-u", "-c", code]
    with subprocess.Popen(
        words, cwd=folder.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert build.stdout is not None
        assert other.stdout.readline() == "held\n"
        (folder.root / "gate").write_text("through\n")
        told = next(line for line in build.stdout if "the build waits" in line)
        assert told.startswith("note")
        build.send_signal(signal.SIGINT)
        output, _ = build.communicate()
        assert build.returncode == 130, output
        other.communicate("\n")
    folder.write("dvc.yaml", marked(waits="echo > waits.txt"))
    assert states(folder.ok("stagebook", "repro", "--json")) == {"waits": "built"}


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        ("    params: [p.yaml: [day]]\n", "TypeError"),
        ("    wdir: nowhere\n", "`nowhere`"),
    ],
)
def test_a_stage_that_dvc_cannot_begin_is_named_and_the_others_are_built(
    folder: Checkout, stage: str, message: str
) -> None:
    folder.write("raw.txt", "")
    folder.write("p.yaml", "day: 2020-01-01\n")
    other = "stages:\n  other:\n    cmd: echo > other.txt\n    outs: [other.txt]\n"
    bad = f"  bad:\n    cmd: echo > bad.txt\n{stage}    outs: [bad.txt]\n"
    folder.write("dvc.yaml", other + bad)
    done = folder.run("stagebook", "repro", "--keep-going", "--json")
    assert (done.code, states(done)) == (1, {"other": "built", "bad": "failed"})
    (bad,) = [each for each in result(done)["stages"] if each["stage"] == "bad"]
    assert [problem["code"] for problem in bad["problems"]] == ["not-reproduced"]
    assert message in bad["problems"][0]["message"]
    folder.write("p.yaml", "day: 1\n")
    folder.write("nowhere/keep", "")
    assert states(folder.ok("stagebook", "repro", "--json"))["bad"] == "built"


def test_a_merge_conflict_in_the_lock_is_named_with_its_line(folder: Checkout) -> None:
    folder.write("dvc.yaml", marked(a="echo > a.txt"))
    folder.write("dvc.lock", "schema: '2.0'\nstages:\n<<<<<<< ours\n=======\n>>>>>>> theirs\n")
    done = folder.run("stagebook", "repro", "--json")
    assert done.code == 3
    (problem,) = done.problems
    assert problem.where is not None
    assert (problem.where.file, problem.where.line) == ("dvc.lock", 3)


@pytest.mark.slow
def test_notebooks_side_by_side_give_the_bytes_and_records_of_a_serial_build(
    chain: Checkout, tmp_path: Path
) -> None:
    before = files(chain.root)
    serial = {record["stage"]: record for record in chain.records()}
    for path in (".dvc/cache", "dvc.lock", "runs", ".stagebook/records"):
        chain.ok("rm", "-r", path)
    chain.ok("stagebook", "repro", "-j", "2")
    after = files(chain.root)
    names = {path for path in before if not path.startswith(("runs/", ".dvc/cache/runs"))}
    assert {path for path in names if before[path] != after.get(path)} == set()
    records = chain.records()
    assert len({record["volatile"]["repro"] for record in records}) == 1
    for record in records:
        for key in ("source", "inputs", "outputs", "metrics"):
            assert record[key] == serial[record["stage"]][key]
    assert chain.build() == {"sources"}


@pytest.mark.slow
def test_a_stage_that_packages_a_model_finds_all_stages_before_it_in_the_lock(
    leaving: Checkout,
) -> None:
    before = leaving.read("dvc.lock")
    leaving.ok("rm", "-r", "dvc.lock", ".dvc/cache/runs")
    leaving.ok("stagebook", "repro", "-j", "2")
    assert leaving.read("dvc.lock") == before


@pytest.mark.slow
def test_after_kill_9_nothing_runs_and_finished_stages_are_taken_from_the_run_cache(
    project: Checkout,
) -> None:
    project.notebook("quick", 'result: Out = "data/quick.txt"', 'open(result, "w").write("1")')
    project.notebook("slow", 'result: Out = "data/slow.txt"', "import time\ntime.sleep(10_000)")
    project.ok("stagebook", "sync")
    build = project.start("stagebook", "repro", "-j", "2")
    assert build.stdout is not None
    awaited = ["quick done", "slow: cell 2"]
    for line in iter(build.stdout.readline, ""):
        awaited = [text for text in awaited if text not in line]
        if not awaited:
            break
    build.kill()
    build.communicate()  # returns when no process has the other end of the pipe
    project.notebook("slow", 'result: Out = "data/slow.txt"', 'open(result, "w").write("2")')
    project.ok("stagebook", "sync")
    assert project.build() == {"sources", "slow"}
