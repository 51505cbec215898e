"""Ten thousand records: an index that is warm reads only those that are asked for."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stagebook.history.history import History
from stagebook.history.lineage import tracing
from stagebook.project.project import Project

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.slow
def test_a_trace_through_ten_thousand_records_reads_a_few_files(tmp_path: Path) -> None:
    code = (
        f"import sys; sys.path.insert(0, {str(BENCHMARKS)!r}); from pathlib import Path;"
        "from many_records import lay_out; print(lay_out(Path(sys.argv[1]), 10_000))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    what = subprocess.check_output(command, text=True).strip()
    project = Project.find(tmp_path)
    with History.open(project.state) as history:
        newest = history.last(None, 5)
        assert len(newest) == 5
    # What is not read may as well be spoilt: only the last build is needed for its output.
    kept = {record.id for record in newest}
    for file in (project.state / "records").glob("*.json"):
        if file.stem not in kept:
            file.write_text("{")
    found = tracing.trace(project, what, tmp_path, at=None, down=False)
    assert [one.id for one in found.makings] == sorted(kept)
    assert found.notes == ()
    assert json.dumps(found.as_json())
