"""A project works in a folder whose name means something else in an address."""

import shutil
from pathlib import Path
from urllib.parse import quote

import pytest
from checkout import Checkout

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", ["team%2Fx", "a?b", "c#d", "é %3F?#%"])
def test_a_project_is_built_and_delivered_in_a_folder_of_any_name(
    tmp_path: Path, name: str
) -> None:
    project = Checkout(tmp_path / name / "project")
    project.write("pyproject.toml", '[project]\nname = "odd"\n[tool.stagebook]\nthreads = 1\n')
    project.notebook(
        "fit",
        'raw: In = "raw.txt"\nresult: Out = "data/result.txt"\nscore: Metrics = "metrics/fit.json"',
        "import mlflow\nmlflow.log_text('said', 'said.txt')\nmlflow.log_metric('steps', 3)",
        "open(result, 'w').write(open(raw).read())\nopen(score, 'w').write('{\"auc\": 0.7}')",
    )
    project.write("raw.txt", "raw")
    project.begin()
    assert project.build() == {"sources", "fit"}
    assert (project.root / "mlflow.db").is_file()
    assert not list((project.root / ".stagebook/outbox").glob("*/record.json"))
    [record] = project.records()
    delivered = project.root / ".stagebook/delivered" / f"{record['volatile']['id']}.json"
    assert delivered.is_file()
    said = project.ok("stagebook", "trace", "data/result.txt", "--json").output
    assert record["volatile"]["id"] in said
    project.ok("stagebook", "report")
    code = (
        "import json, mlflow, sys; from pathlib import Path;"
        "from stagebook.project.project import Project;"
        "client = mlflow.MlflowClient(Project.find(Path.cwd()).tracking_uri);"
        "run = json.load(open(sys.argv[1]))['run_id'];"
        "print(open(client.download_artifacts(run, 'said.txt')).read())"
    )
    assert project.ok("python", "-c", code, str(delivered)).output.endswith("said\n")
    # Nothing was written to a folder that the name would be after it was quoted or unquoted.
    assert {one.name for one in tmp_path.iterdir()} == {name}
    assert quote(name) != name
    shutil.rmtree(tmp_path / name)
