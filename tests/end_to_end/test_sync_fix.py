"""`stagebook sync --fix` declares what a run reported, and the next build succeeds."""

import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

PARAMETERS = 'data: In = "data/in.txt"\nresult: Out = "data/out.txt"'
BODY = """from pathlib import Path
Path(result).write_text(Path(data).read_text() * times)
try:
    Path("data/log.txt").write_text("done")
    Path("data/more.txt").read_text()
except OSError:
    pass"""


def test_a_stage_is_built_after_what_it_used_was_declared(project: Checkout) -> None:
    for name in ("in", "more"):
        project.write(f"data/{name}.txt", name)
    project.notebook("use", PARAMETERS, BODY)
    project.write("params/use.yaml", "times: 2\n")
    before = project.read("notebooks/use.py")
    project.ok("stagebook", "sync")
    assert [problem.code for problem in project.run("stagebook", "run", "use", "--json").problems][
        :1
    ] == ["unknown-parameter"]
    checked = project.run("stagebook", "sync", "--fix", "--check")
    assert checked.code == 9
    assert "+times: int = 2" in checked.output
    assert project.read("notebooks/use.py") == before
    project.ok("stagebook", "sync", "--fix")
    failures = 0
    while project.run("dvc", "repro").code:
        failures += 1
        assert failures < 4
        project.ok("stagebook", "sync", "--fix")
    after = project.read("notebooks/use.py")
    for line in (
        "times: int = 2\n",
        'more: In = "data/more.txt"\n',
        'log: Out = "data/log.txt"\n',
    ):
        assert after.count(line) == 1
        after = after.replace(line, "")
    assert after == before
    assert project.read("data/out.txt") == "inin"
    assert project.ok("stagebook", "sync", "--fix", "--check").code == 0
