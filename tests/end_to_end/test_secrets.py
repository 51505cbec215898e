"""Secrets of the environment, planted wherever text leaves, are found nowhere afterwards."""

import gzip
import json
import os
import shutil
import sqlite3
from pathlib import Path

import nbformat
import pytest
from checkout import Checkout, Done

pytestmark = pytest.mark.slow

SECRET = "s3cr3t/Value&more"
SHORT = "hunter2x"
OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'
GET = 'import os\ntoken = os.environ["SERVICE_TOKEN"]'
SANDBOX = ("files", "kernel", "input.ipynb")
"""What a killed execution leaves and the next run deletes: the notebook's own working folder."""


@pytest.fixture
def project(project: Checkout) -> Checkout:
    project.env = {
        "SERVICE_TOKEN": SECRET,
        "STORE": f"postgresql://me:{SHORT}@db.example.org/name",
    }
    return project


def assert_nowhere(project: Checkout, *done: Done, secret: str = SECRET) -> None:
    """No file that Stagebook or MLflow wrote, and no output, holds a secret, or is named by it."""
    forms = [secret, json.dumps(secret)[1:-1], secret.replace("&", "&amp;")]
    looked = 0
    for top in ("runs", ".stagebook", "mlruns", "mlflow.db", "mlflow.db-wal"):
        for path in [project.root / top, *(project.root / top).rglob("*")]:
            own = path.relative_to(project.root / ".stagebook").parts if top == ".stagebook" else ()
            if own[:1] == ("executions",) and set(own) & set(SANDBOX):
                continue
            assert not any(form in path.name for form in forms), path
            if path.is_file():
                looked += 1
                content = path.read_bytes()
                content = gzip.decompress(content) if path.suffix == ".gz" else content
                assert not any(form.encode() in content for form in forms), path
    assert looked
    for one in done:
        assert not any(form in one.output for form in forms), one.output


def delivered(project: Checkout) -> sqlite3.Connection:
    project.ok("stagebook", "deliver")
    return sqlite3.connect(project.root / "mlflow.db")


DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNk+A8AAQUBAScY42YAAAAASUVORK5CYII="

OUTPUTS = {
    "a print": "print('the token is', token)",
    "a print in pieces": (
        "import sys\nfor part in (token[:7], token[7:]):\n"
        "    sys.stdout.write(part)\n    sys.stdout.flush()\n    print('x', file=sys.stderr)"
    ),
    "a value": "token",
    "a value in a container": "{'key': [token]}",
    "rich HTML": (
        "from html import escape\nfrom IPython.display import HTML, display\n"
        "display(HTML(f'<b>{escape(token)}</b>'))"
    ),
    "Markdown": "from IPython.display import Markdown\nMarkdown(f'**{token}**')",
    "a drawing": "from IPython.display import SVG\nSVG(f'<svg><text>{escape(token)}</text></svg>')",
    "JSON": "from IPython.display import JSON\nJSON({'a': [token]})",
    "an address": "from urllib.parse import quote\nprint(quote(token, safe=''))",
    "base64": "import base64\nprint(base64.b64encode(token.encode()).decode())",
    "standard error": "import sys\nprint(token, file=sys.stderr)",
    "a child process": "import subprocess\nsubprocess.run(['echo', token])",
    "a warning": "import warnings\nwarnings.warn(token)",
}


def test_no_output_of_a_cell_holds_a_secret(project: Checkout) -> None:
    project.notebook("tells", OUT, GET, *OUTPUTS.values(), "print(os.environ['STORE'])", DONE)
    done = project.ok("stagebook", "run", "tells")
    delivered(project)
    assert_nowhere(project, done)
    assert_nowhere(project, done, secret=SHORT)
    assert_nowhere(project, done, secret="s3cr3t%2FValue%26more")
    assert_nowhere(project, done, secret="czNjcjN0L1ZhbHVlJm1vcmU")
    text = project.read("runs/tells.ipynb")
    assert text.count("***") >= len(OUTPUTS)
    assert "postgresql://me:***@db.example.org/name" in text


def test_an_image_is_left_as_it_is(project: Checkout) -> None:
    project.env["PIXEL_TOKEN"] = DOT[10:30]
    shows = f"import base64\nfrom IPython.display import Image\nImage(base64.b64decode('{DOT}'))"
    project.notebook("draws", OUT, shows, DONE)
    project.ok("stagebook", "run", "draws")
    cells = nbformat.read(project.root / "runs" / "draws.ipynb", 4).cells
    [image] = [
        one.data["image/png"]
        for cell in cells
        for one in cell.get("outputs", [])
        if "image/png" in one.get("data", {})
    ]
    assert image.strip() == DOT
    assert DOT[10:30] in project.read("runs/draws.html")
    assert DOT[10:30] not in "".join(cell.source for cell in cells)


@pytest.mark.parametrize("as_json", [False, True], ids=["for people", "as JSON"])
def test_an_error_with_a_secret_in_it_is_told_without(project: Checkout, as_json: bool) -> None:
    raises = "def connect(to):\n    raise ConnectionError(f'{to} was refused')\n\nconnect(token)"
    project.notebook("raises", OUT, GET, raises)
    done = project.run("stagebook", "run", "raises", *(["--json"] if as_json else []))
    assert done.code == 1
    assert "ConnectionError: *** was refused" in done.output
    delivered(project)
    assert_nowhere(project, done)


def test_a_parameter_is_real_in_the_kernel_and_masked_afterwards(project: Checkout) -> None:
    sees = f'{GET}\nopen(result, "w").write(f"{{given == token}} {{known == token}}")'
    project.notebook("given", f'{OUT}\ngiven: str = ""\nknown: str = ""', sees)
    project.write("params/given.yaml", f"known: {SECRET}\n")
    done = project.ok("stagebook", "run", "given", "-P", f"given={SECRET}")
    [output] = [one["path"] for one in project.records()[-1]["outputs"]]
    assert project.read(output) == "True True"
    found = delivered(project).execute("SELECT key, value FROM params").fetchall()
    assert dict(found) == {"given": "***", "known": "***"}
    assert_nowhere(project, done)


def test_a_parameter_of_the_wrong_type_is_told_without_its_value(project: Checkout) -> None:
    project.notebook("given", f"{OUT}\ncount: int = 1", DONE)
    for words in (["-P", f"count={SECRET}"], ["-P", SECRET], ["-P", f"{SECRET}=1"]):
        for more in ([], ["--json"]):
            done = project.run("stagebook", "run", "given", *words, *more)
            assert done.code in (2, 3), done.output
            assert "***" in done.output
            assert SECRET not in done.output


LOGS = """
import mlflow
mlflow.log_param("kind", token)
mlflow.log_param(f"named {token}".replace("/", "_").replace("&", "_"), 1)
mlflow.set_tag("where", f"https://example.org/?key={token}")
mlflow.set_tag("mlflow.note.content", f"made with {token}")
mlflow.log_text(f"a note of {token}", "notes/note.txt")
mlflow.log_dict({"inner": {"token": token}}, "notes.json")
mlflow.log_text("x", f"figures/{os.environ['STORE'][16:24]}.svg")
mlflow.log_metric("loss", 1.0)
with mlflow.start_run(run_name=f"trial {token}", nested=True):
    mlflow.log_param("inner", token)
"""


@pytest.mark.parametrize("tracker", ["there", "down"])
def test_nothing_that_a_cell_logs_to_mlflow_holds_a_secret(project: Checkout, tracker: str) -> None:
    if tracker == "down":
        project.env["MLFLOW_TRACKING_URI"] = f"http://me:{SHORT}@127.0.0.1:9"
    project.notebook("logs", OUT, GET, LOGS, DONE)
    done = project.ok("stagebook", "run", "logs")
    if tracker == "down":
        assert list((project.root / ".stagebook" / "outbox").glob("*/mlflow.db"))
        assert_nowhere(project, done, secret=SHORT)
        assert_nowhere(project, done)
        del project.env["MLFLOW_TRACKING_URI"]
    store = delivered(project)
    assert_nowhere(project, done)
    assert_nowhere(project, done, secret=SHORT)
    assert ("kind", "***") in store.execute("SELECT key, value FROM params").fetchall()
    assert ("trial ***",) in store.execute("SELECT name FROM runs").fetchall()
    names = {path.name for path in (project.root / "mlruns").rglob("*")}
    assert {"note.txt", "notes.json", "---.svg"} <= names


def test_a_text_in_a_metrics_file_is_masked_where_it_is_told(project: Checkout) -> None:
    writes = f'{GET}\nimport json\njson.dump({{"of": token, "auc": 0.5}}, open(scores, "w"))'
    project.notebook("scores", 'scores: Metrics = "metrics/scores.json"', writes)
    done = project.ok("stagebook", "run", "scores")
    delivered(project)
    assert project.records()[-1]["metrics"] == {"of": "***", "auc": 0.5}
    assert_nowhere(project, done)
    assert SECRET in project.read("metrics/scores.json")  # an output is the user's own


def test_a_remote_is_told_without_its_credentials(project: Checkout) -> None:
    project.notebook("little", OUT, DONE)
    project.commit()
    project.ok("git", "remote", "add", "origin", "https://me:unknown-to-all@example.org/it.git")
    done = project.ok("stagebook", "run", "little")
    delivered(project)
    assert project.records()[-1]["git"]["remote"] == "https://example.org/it.git"
    assert_nowhere(project, done, secret="unknown-to-all")
    project.ok("git", "remote", "set-url", "origin", f"https://example.org/{SHORT}/it.git")
    done = project.ok("stagebook", "run", "little")
    delivered(project)
    assert project.records()[-1]["git"]["remote"] == "https://example.org/***/it.git"
    assert_nowhere(project, done, secret=SHORT)


TABLE = """
import pandas as pd
pd.DataFrame({"a": [token] * 9}).to_csv(result, index=False)
"""


def test_the_profile_of_a_table_that_has_a_secret_does_not_tell_it(project: Checkout) -> None:
    project.notebook("table", 'result: Out = "data/table.csv"', GET, TABLE)
    project.notebook("reads", f'table: In = "data/table.csv"\n{OUT}', DONE)
    done = [project.ok("stagebook", "run", name) for name in ("table", "reads")]
    delivered(project)
    assert_nowhere(project, *done)
    assert SECRET in project.read("data/table.csv")


def test_what_a_killed_runner_leaves_holds_no_secret(project: Checkout) -> None:
    mark = project.root.parent / "mark"
    os.mkfifo(mark)
    hangs = f"import time\nopen({str(mark)!r}, 'w').write('here')\ntime.sleep(600)"
    project.notebook("hangs", f'{OUT}\nkey: str = "{SECRET}"', GET, OUTPUTS["a print"], hangs)
    process = project.start("stagebook", "run", "hangs", "-P", f"key={SECRET}")
    assert mark.read_text() == "here"
    kernels = project.kernels()
    [partial] = (project.root / ".stagebook" / "executions").glob("*/executed.ipynb")
    while "the token is ***" not in partial.read_text():  # it is saved at most once a second
        assert process.poll() is None
    process.kill()
    process.communicate()
    for one in kernels:
        one.wait(timeout=20)
    assert_nowhere(project)
    done = project.ok("stagebook", "deliver")
    kept = project.root / ".stagebook" / "records"
    assert [json.loads(one.read_text())["outcome"] for one in kept.iterdir()] == ["killed"]
    assert_nowhere(project, done)


def test_an_error_that_nobody_foresaw_is_told_without_secrets(
    project: Checkout, tmp_path: Path
) -> None:
    project.notebook("little", OUT, DONE)
    broken = f'raise RuntimeError("{SECRET}")\n'
    site = tmp_path / "site"
    site.mkdir()
    (site / "papermill.py").write_text(broken)
    project.env["PYTHONPATH"] = f"{site}:{os.environ.get('PYTHONPATH', '')}"
    done = project.run("stagebook", "run", "little")
    assert done.code == 1
    assert "RuntimeError: ***" in done.output
    assert SECRET not in done.output


def test_a_secret_that_is_a_name_in_the_project_breaks_nothing(project: Checkout) -> None:
    project.env |= {"SORT_KEY": "common", "ORDER_KEY": "accuracy", "COLUMN_KEY": "departure"}
    project.env["HARD_KEY"] = "lossvalue"
    project.write("data/common.csv", "departure\n1\n")
    logs = (
        "import mlflow\nmlflow.log_metric('accuracy', 0.9)\n"
        "mlflow.log_metric('loss' + 'value', 0.1)\nprint('common')"
    )
    project.notebook("common", f'common: In = "data/common.csv"\n{OUT}', DONE, logs)
    project.ok("stagebook", "sync")
    project.build()
    [record] = project.records()
    assert record["stage"] == "common"
    assert record["inputs"][0]["path"] == record["tables"][0]["paths"][0] == "data/common.csv"
    names = delivered(project).execute("SELECT name FROM runs ORDER BY name").fetchall()
    assert names == [("build",), ("common",)]
    assert "print('common')" in project.read("runs/common.ipynb")
    metrics = dict(delivered(project).execute("SELECT key, value FROM metrics").fetchall())
    assert (metrics["accuracy"], metrics["---"]) == (0.9, 0.1)
    done = project.ok("stagebook", "profile", "data/common.csv")
    assert "\ndeparture " in done.output
    assert "COLUMN_KEY, ORDER_KEY, SORT_KEY" in done.output
    assert not {"common", "accuracy"} & set(done.output.split("\n")[0].split())


def test_no_file_or_stream_of_a_build_a_package_a_profile_and_a_site_has_a_secret(
    leaving: Checkout,
) -> None:
    leaving.env = {"TOKEN_PROD": SECRET}
    for name in ("fit", "package"):
        text = leaving.read(f"notebooks/{name}.py")
        text = text.replace(
            "import pickle\n", "import os, pickle\nprint(os.environ['TOKEN_PROD'])\n"
        )
        text = (
            text.replace("# %%\n", 'secret_note: str = ""\n\n# %%\n', 1) if name == "fit" else text
        )
        leaving.write(f"notebooks/{name}.py", text)
    leaving.write("params/fit.yaml", f"{leaving.read('params/fit.yaml')}secret_note: {SECRET}\n")
    leaving.write("cells.csv", f"name,size\n{SECRET},1\n{SECRET},2\n")
    leaving.ok("stagebook", "sync")
    leaving.commit()
    leaving.ok("git", "remote", "add", "origin", "https://example.org/it.git?private_token=xyzabc")
    done = [
        leaving.ok(*words.split())
        for words in (
            "dvc repro",
            "stagebook profile cells.csv",
            "stagebook profile cells.csv --json",
            "stagebook profile cells.csv --html runs/cells.html",
            "stagebook drift cells.csv --save runs/cells.json",
            "stagebook contract cells.csv",
            "stagebook report --to runs/site",
            "stagebook deliver",
            "stagebook log",
            "stagebook summary --json",
            "stagebook model check models/tall --attestation ignore",
        )
    ]
    shutil.copytree(leaving.root / "models", leaving.root / "runs" / "models")
    assert_nowhere(leaving, *done)
    assert '"secret_note": "***"' in leaving.read("models/tall/materials.json")
    assert "private_token" not in json.dumps(leaving.records()[-1])
