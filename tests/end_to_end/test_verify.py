"""`stagebook verify` runs locked stages again, and says whether, where and why outputs differ."""

import http.server
import itertools
import json
import shutil
import sysconfig
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout
from mlflow import MlflowClient

import stagebook

pytestmark = pytest.mark.slow

# the first code cell after the parameters is cell 2 of a notebook in the percent format
ASKED = [
    ("unseeded generator", "import numpy as np\na = np.random.rand()"),
    ("unseeded generator", "b = np.random.default_rng().normal()"),
    ("unseeded generator", "import random\nc = random.random()"),
    ("unseeded generator", "import uuid\nd = uuid.uuid4()"),
    ("clock", "import time\ne = time.time()"),
    ("clock", "from datetime import datetime\nf = datetime.now()"),
    ("clock", "import pandas as pd\ng = pd.Timestamp.now()"),
    (None, "started = time.time(); worked_in = __import__('os').getpid()"),
    ("order of files", "import os\nh = os.listdir(folder)"),
    ("order of files", "import glob\ni = glob.glob(folder + '/*.txt')"),
    ("order of files", "from pathlib import Path\nj = list(Path(folder).iterdir())"),
    ("environment variable", "k = os.environ['PLANTED']"),
    ("environment variable", "l = os.getenv('PLANTED')"),
    ("process id", "m = os.getpid()"),
    ("thread count", "n = os.cpu_count()"),
    (None, "random.seed(1); np.random.seed(1); o = random.random() + np.random.rand()"),
]
WRITE = """values = [value for name, value in sorted(globals().items()) if len(name) == 1]
open(out, "w").write(repr(values))"""


class Counter(http.server.BaseHTTPRequestHandler):
    """Answers each request with another number."""

    numbers = itertools.count()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(next(self.numbers)).encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Counter)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, address: str) -> Checkout:
    """A project after its build; tests change only copies of it."""
    checkout = Checkout(tmp_path_factory.mktemp("verify") / "planted", {"PLANTED": "one"})
    checkout.root.mkdir()
    checkout.write(
        "pyproject.toml",
        '[project]\nname = "planted"\n\n[tool.stagebook.stages.close]\ntolerance = 0.01\n',
    )
    for name in "bcae":
        checkout.write(f"data/in/{name}.txt", name)
    checkout.write("data/rows.csv", "number,text\n1,a\n2,b\n3,c\n")
    rows = 'rows: In = "data/rows.csv"'
    checkout.notebook(
        "asked",
        'folder: In = "data/in"\nout: Out = "data/asked.txt"',
        *(code for _, code in ASKED),
        WRITE,
    )
    checkout.notebook(
        "hashed",
        f'{rows}\nout: Out = "data/hashed.txt"',
        "names = {'ab', 'cd', 'ef', 'gh', 'ij'}",
        "order = list(names)",
        'open(out, "w").write(" ".join(order))',
    )
    checkout.notebook(
        "fetched",
        f'{rows}\nout: Out = "data/fetched.txt"',
        "import urllib.request",
        f'text = urllib.request.urlopen("http://{address}/").read().decode()',
        'open(out, "w").write(text)',
    )
    checkout.notebook(
        "sound",
        f'{rows}\nout: Out = "data/sound.parquet"\ntimes: int = 2',
        "import pandas as pd\nframe = pd.read_csv(rows)\nframe['number'] *= times",
        "frame.to_parquet(out)\nprint(len(frame))",
    )
    checkout.write("params/sound.yaml", "times: 5\n")
    for name in ("close", "far"):
        checkout.notebook(
            name,
            f'{rows}\nout: Out = "data/{name}.csv"',
            "import random, pandas as pd\nframe = pd.read_csv(rows)",
            "frame['number'] = frame['number'] + random.random() / 1000",
            "frame.to_csv(out, index=False)",
        )
    checkout.write("params/deep.yaml", "model:\n  depth: 3\n  width: 1\n")
    checkout.write(
        "scale.py",
        "from ruamel.yaml import YAML\n"
        "model = YAML().load(open('params/deep.yaml'))['model']\n"
        "open('data/scaled.txt', 'w').write(str(model['depth'] * 2))\n",
    )
    checkout.write("here.txt", "only on this machine")
    checkout.write(".gitignore", "/here.txt\n")
    checkout.initialise()
    checkout.ok("stagebook", "sync")
    text = checkout.read("dvc.yaml")
    checkout.write(
        "dvc.yaml",
        text
        + "  copied:\n    cmd: sort -r data/rows.csv data/in/a.txt > data/copied.txt\n"
        + "    deps: [data/rows.csv]\n    outs: [data/copied.txt]\n"
        + "  scaled:\n    cmd: python scale.py\n    deps: [scale.py]\n"
        + "    params:\n      - params/deep.yaml: [model.depth]\n    outs: [data/scaled.txt]\n"
        + "  unlisted:\n    cmd: cat here.txt data/rows.csv > data/unlisted.txt\n"
        + "    deps: [data/rows.csv]\n    outs: [data/unlisted.txt]\n",
    )
    checkout.build()
    checkout.commit()
    return checkout


def verified(checkout: Checkout, *stages: str, code: int) -> dict[str, dict[str, Any]]:
    done = checkout.run("stagebook", "verify", *stages, "--json")
    assert done.code == code, done.output
    return {item["stage"]: item for item in json.loads(done.output.splitlines()[-1])["stages"]}


def causes(result: dict[str, Any]) -> set[tuple[str | None, int | None]]:
    return {(cause["influence"], cause["cell"]) for cause in result["causes"]}


def files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and not {".stagebook", ".dvc", ".git", "mlflow.db"} & set(path.parts)
    }


def test_planted_causes_are_named_by_kind_and_cell_and_harmless_questions_are_not(
    locked: Checkout,
) -> None:
    before = files(locked.root)
    elsewhere = Checkout(locked.root, {"PLANTED": "two"})
    result = verified(elsewhere, "asked", code=16)["asked"]
    expected = {
        (influence, position) for position, (influence, _) in enumerate(ASKED, 2) if influence
    }
    assert result["verdict"] == "different"
    assert causes(result) == expected
    assert files(locked.root) == before
    assert locked.left_in_executions() == []
    assert locked.kernels() == []


def test_the_order_of_a_set_is_named_in_the_cell_that_goes_through_it(locked: Checkout) -> None:
    result = verified(locked, "hashed", code=16)["hashed"]
    assert causes(result) == {("hash order", 3)}


def test_an_answer_from_the_network_is_named_with_its_address(
    locked: Checkout, address: str
) -> None:
    result = verified(locked, "fetched", code=16)["fetched"]
    assert causes(result) == {("network", 3)}
    assert [cause["words"] for cause in result["causes"]] == [address]


def test_equal_bytes_are_identical_for_notebooks_and_for_commands(locked: Checkout) -> None:
    results = verified(locked, "sound", "copied", "scaled", code=0)
    assert {name: item["verdict"] for name, item in results.items()} == {
        "sound": "identical",
        "copied": "identical",
        "scaled": "identical",
    }
    assert all(item["cells"] == [] for item in results.values())


def test_the_verdict_is_kept_beside_the_record_and_is_a_tag_of_the_run(locked: Checkout) -> None:
    verified(locked, "sound", "far", "--no-causes", code=16)
    records = {record["stage"]: record["volatile"]["id"] for record in locked.records()}
    kept = locked.root / ".stagebook" / "verified"
    verdicts = {
        name: json.loads((kept / f"{records[name]}.json").read_text())["verdict"]
        for name in ("sound", "far")
    }
    assert verdicts == {"sound": "identical", "far": "different"}
    locked.ok("stagebook", "deliver")
    verified(locked, "sound", code=0)
    client = MlflowClient(f"sqlite:///{locked.root / 'mlflow.db'}")
    run = json.loads(locked.read(f".stagebook/delivered/{records['sound']}.json"))["run_id"]
    assert client.get_run(run).data.tags["stagebook.verified"] == "identical"


def test_a_declared_tolerance_holds_for_its_stage_and_others_show_columns_rows_and_values(
    locked: Checkout,
) -> None:
    results = verified(locked, "close", "far", "--no-causes", code=16)
    assert results["close"]["verdict"] == "within tolerance"
    assert results["far"]["verdict"] == "different"
    (output,) = results["far"]["outputs"]
    (column,) = output["fields"]
    assert (column["name"], column["count"]) == ("number", 3)
    assert column["examples"][0]["place"] == "row 1"
    assert 0 < column["largest"] < 0.001


def test_locked_inputs_and_values_count_and_not_those_of_the_workspace(
    locked: Checkout, tmp_path: Path
) -> None:
    copy = Checkout(tmp_path / "copy")
    shutil.copytree(locked.root, copy.root, symlinks=True)
    copy.write("data/rows.csv", "number,text\n7,z\n")
    copy.write("params/sound.yaml", "times: 9\n")
    copy.write("params/deep.yaml", "model: {depth: 9, width: 1}\n")
    copy.ok("git", "commit", "-qm", "other values", "params/deep.yaml")
    assert verified(copy, "sound", "scaled", code=0).keys() == {"sound", "scaled"}
    shutil.rmtree(copy.root / ".git")
    copy.ok("git", "init", "-q")
    result = verified(copy, "sound", code=16)["sound"]
    assert result["verdict"] == "cannot run"
    assert [problem["code"] for problem in result["problems"]] == ["content-missing"]


def test_changed_code_and_undeclared_files_cannot_run_and_say_why(
    locked: Checkout, tmp_path: Path
) -> None:
    copy = Checkout(tmp_path / "copy")
    shutil.copytree(locked.root, copy.root, symlinks=True)
    path = "notebooks/sound.py"
    copy.write(path, copy.read(path).replace("*= times", "*= times + 1"))
    copy.notebook("new", 'out: Out = "data/new.txt"', "open(out, 'w').write('x')")
    copy.ok("stagebook", "sync")
    results = verified(copy, "sound", "unlisted", "new", code=16)
    assert {item["verdict"] for item in results.values()} == {"cannot run"}
    assert {name: item["problems"][0]["code"] for name, item in results.items()} == {
        "sound": "source-differs",
        "unlisted": "command-not-repeated",
        "new": "not-locked",
    }


def bridge(folder: Path) -> Path:
    """A wheel by which a fresh environment finds the packages of this one."""
    paths = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    paths.append(str(Path(stagebook.__file__).parents[1]))
    info = "bridge-1.dist-info"
    wheel = folder / "bridge-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("bridge.pth", "\n".join(paths))
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: bridge\nVersion: 1\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return wheel


def test_a_commit_is_verified_in_a_fresh_clone_with_an_environment_of_its_own(
    tmp_path: Path,
) -> None:
    checkout = Checkout(tmp_path / "project")
    checkout.root.mkdir()
    checkout.write("pyproject.toml", '[project]\nname = "p"\n\n[tool.stagebook]\n')
    checkout.write("data/rows.csv", "number\n1\n")
    checkout.notebook(
        "twin",
        'rows: In = "data/rows.csv"\nout: Out = "data/twin.csv"',
        'text = open(rows).read()\nopen(out, "w").write(text)',
    )
    checkout.notebook(
        "prefix", 'out: Out = "data/prefix.txt"', 'import sys\nopen(out, "w").write(sys.prefix)'
    )
    checkout.write("requirements.txt", "bridge @ " + bridge(tmp_path).as_uri() + "\n")
    checkout.begin()
    checkout.build()
    checkout.commit()
    checkout.write("data/rows.csv", "number\n2\n")  # not committed
    results = verified(checkout, "--packages", "requirements.txt", code=16)
    assert {name: item["verdict"] for name, item in results.items()} == {
        "twin": "identical",
        "prefix": "different",
    }
    assert not (checkout.root / ".stagebook" / "verified").exists()
