"""Ctrl-C at any moment of a verb prints no traceback."""

import signal
import subprocess
import sys

import pytest
from checkout import Checkout

pytestmark = pytest.mark.slow

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'


@pytest.mark.parametrize(
    "moment",
    [
        "stagebook.interruption",
        "click.core",
        "stagebook.cli.main",
        "stagebook.workflow.building",
        "dvc.repo",
        "jupyter_client.manager",
    ],
)
def test_ctrl_c_while_a_verb_is_imported_prints_no_traceback(
    project: Checkout, moment: str
) -> None:
    """Python says on standard error which modules it has imported, so no clock is needed."""
    project.notebook("short", OUT, DONE)
    project.env["STAGEBOOK_WARM"] = "0"  # the client of a warm process imports none of them
    process = subprocess.Popen(
        [sys.executable, "-X", "importtime", "-m", "stagebook", "run", "short"],
        cwd=project.root,
        env=project.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    seen = [line for line in iter(process.stderr.readline, "") if not _sends(process, line, moment)]
    process.communicate()
    assert process.returncode == 130
    assert "Traceback" not in "".join(seen)
    assert "KeyboardInterrupt" not in "".join(seen)
    assert not (project.root / "data/result.txt").exists()


def _sends(process: subprocess.Popen[str], line: str, moment: str) -> bool:
    """Interrupts a process once it says that a module is imported."""
    if line.rpartition("|")[2].strip() != moment:
        return False
    process.send_signal(signal.SIGINT)
    return True
