"""What a record says of the code, the checkout and the build that an execution was part of."""

import sys

import pytest
from checkout import Checkout

from stagebook.record import reading
from stagebook.record.record import render

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'


def test_stages_of_one_build_name_the_same_build(chain: Checkout) -> None:
    first = {one["volatile"]["repro"] for one in chain.records()}
    assert len(first) == 1
    assert None not in first
    chain.ok("dvc", "repro", "-f", "make", "-s")
    chain.ok("stagebook", "run", "make")
    *_, again, by_hand = chain.records()
    assert again["volatile"]["repro"] not in {None, *first}
    assert by_hand["volatile"]["repro"] is None


def test_a_record_names_the_code_by_cell_and_module(chain: Checkout) -> None:
    records = {one["stage"]: one for one in chain.records()}
    assert records["make"]["title"] == "Make numbers"
    before = records["make"]["code"]
    modules = set(before["modules"])
    assert modules
    assert modules <= {path.relative_to(chain.root).as_posix() for path in chain.root.rglob("*.py")}
    text = chain.read("notebooks/make.ipynb")
    chain.write("notebooks/make.ipynb", text.replace("squares(count)", "squares(count + 1)"))
    chain.ok("dvc", "repro", "make")
    after = chain.records()[-1]["code"]
    assert after["modules"] == before["modules"]
    pairs = zip(before["cells"], after["cells"], strict=True)
    assert [one != other for one, other in pairs].count(True) == 1


def test_the_digest_of_what_is_not_committed_repeats_and_tells_states_apart(
    project: Checkout,
) -> None:
    project.notebook("little", OUT, DONE)
    project.ok("stagebook", "sync")
    project.write(".gitignore", project.read(".gitignore") + "/data/\n")
    project.commit()

    def diff() -> str | None:
        project.ok("stagebook", "run", "little")
        found: str | None = project.records()[-1]["git"]["diff"]
        return found

    assert diff() is None
    project.notebook("little", OUT, DONE, "1 + 1")
    changed = diff()
    assert changed == diff()
    project.write("notes.txt", "a new file counts")
    with_file = diff()
    project.write("notes.txt", "and so does what is in it")
    assert len({None, changed, with_file, diff()}) == 4


LARGE = "block = bytearray(300_000_000)\nblock[::4096] = b'x' * len(block[::4096])\ndel block"
"""Memory that was never written to is not resident."""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_a_record_has_the_peak_memory_of_each_cell(project: Checkout) -> None:
    child = "import subprocess\nsubprocess.Popen(['sleep', '100'], start_new_session=True)"
    project.notebook("large", OUT, child, "1 + 1", LARGE, "2 + 2", DONE)
    project.ok("stagebook", "run", "large")
    cells = {one["position"]: one["memory"] for one in project.records()[-1]["volatile"]["cells"]}
    assert cells[4] > 300_000_000
    assert cells[4] - cells[3] > 250_000_000
    assert cells[4] - cells[5] > 250_000_000


@pytest.mark.parametrize(
    ("cell", "outcome"),
    [
        ("1 / 0", "failed"),
        ("raise SystemExit(0)", "failed"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)", "killed"),
    ],
    ids=["an exception", "a call of exit", "a dead kernel"],
)
def test_a_record_says_in_which_cell_it_ended(project: Checkout, cell: str, outcome: str) -> None:
    project.notebook("ends", OUT, LARGE, f"{LARGE}\n{cell}", DONE)
    project.run("stagebook", "run", "ends")
    record = project.records()[-1]
    assert record["outcome"] == outcome
    cells = record["volatile"]["cells"]
    assert [one["status"] for one in cells] == ["completed", "completed", "failed", "pending"]
    assert [one["seconds"] is None for one in cells] == [False, False, False, True]
    if sys.platform == "linux":
        assert all(one["memory"] > 300_000_000 for one in cells[1:3])
    assert cells[0]["memory"] is None or cells[0]["memory"] < 200_000_000
    assert cells[3]["memory"] is None


def test_a_build_repeats_to_the_records_digest(project: Checkout) -> None:
    project.notebook("little", OUT, DONE)
    for _ in range(2):
        project.ok("stagebook", "run", "little")
    for file in (project.root / ".stagebook/records").iterdir():
        text = file.read_text(encoding="utf-8")
        assert render(reading.parse(text)) == text
    one, other = project.records()
    assert one.pop("volatile") != other.pop("volatile")
    assert one == other
