"""Stagebook in an environment of its own that has no extra."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from stagebook.model import manifest, requirements
from stagebook.model.manifest import Manifest, PredictionInterface
from stagebook.project import extras
from stagebook.project.errors import Exit

pytestmark = pytest.mark.slow

LOCK = Path(__file__).parents[2] / "requirements.lock"
TABLE = """# %% tags=["parameters"]
from stagebook import Metrics, Out

rows: int = 30
table: Out = "data/table.csv"
metrics: Metrics = "metrics/table.json"

# %%
import json
from pathlib import Path

import mlflow
import pandas as pd

pd.DataFrame({"value": range(rows)}).to_csv(table, index=False)
Path(metrics).write_text(json.dumps({"rows": rows}))
mlflow.log_metric("seen", rows)
"""
PACKAGE = """# %% tags=["parameters"]
from stagebook import In, Out

table: In = "data/table.csv"
model: Out = "models/tall"

# %%
import stagebook

stagebook.package(
    None,
    model,
    splits={"train": table, "test": table},
    key="value",
    features=["value"],
    scores={"auc": 0.5},
)
"""
SEEN = """
import mlflow

mlflow.set_tracking_uri("sqlite:///mlflow.db")
print(mlflow.search_runs(search_all_experiments=True)["metrics.seen"].max())
"""


@dataclass(frozen=True)
class Core:
    """An environment with a core installation, and a project in it.

    Attributes:
        bin: The folder of the environment's commands.
        project: The project's root.
    """

    bin: Path
    project: Path

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Runs a command of the environment in the project."""
        environment = {**os.environ, "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}
        environment.pop("VIRTUAL_ENV", None)
        return subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def ok(self, *command: str) -> str:
        """Runs a command that must succeed; returns its standard output."""
        ended = self.run(*command)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return ended.stdout


def install_core(folder: Path) -> Path:
    """Makes an environment with Stagebook and no extra; returns its folder of commands."""
    home, pins = folder / "environment", folder / "pins.txt"
    lines = LOCK.read_text().splitlines()
    pins.write_text("\n".join(line.removesuffix(" \\") for line in lines if line[:1].isalnum()))
    uv = str(Path(sys.executable).with_name("uv"))
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
    words = ["--quiet", "--python", str(home), "--constraints", str(pins)]
    wheel = str(requirements.write_running_wheel(folder))
    subprocess.run([uv, "pip", "install", *words, wheel], check=True)
    return home / "bin"


@pytest.fixture(scope="module")
def core(tmp_path_factory: pytest.TempPathFactory) -> Core:
    """A core installation with a project of one notebook, built."""
    folder = tmp_path_factory.mktemp("core")
    project = folder / "dice"
    (project / "notebooks").mkdir(parents=True)
    (project / "notebooks" / "table.py").write_text(TABLE)
    (project / "pyproject.toml").write_text('[tool.stagebook]\nname = "dice"\n')
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    made = Core(install_core(folder), project)
    for command in (("dvc", "init", "--quiet"), ("stagebook", "sync"), ("dvc", "repro")):
        made.ok(*command)
    return made


def test_a_core_installation_has_no_distribution_of_an_extra(core: Core) -> None:
    code = (
        "from importlib.metadata import distributions;"
        "print(*(one.name.lower().replace('_', '-') for one in distributions()))"
    )
    installed = set(core.ok("python", "-c", code).split())
    assert {"stagebook", "mlflow-skinny"} <= installed
    assert not installed & {name for extra in extras.EXTRAS for name in extra.modules}


def test_a_core_installation_builds_and_delivers(core: Core) -> None:
    assert json.loads((core.project / "metrics/table.json").read_text()) == {"rows": 30}
    core.ok("stagebook", "deliver")
    assert core.ok("python", "-c", SEEN).split() == ["30.0"]


@pytest.mark.parametrize(
    "words",
    [
        ("sync", "--check"),
        ("trace", "data/table.csv"),
        ("contract", "data/table.csv"),
        ("profile", "--merge", "data/table.csv", "data/table.csv"),
        ("drift", "data/table.csv", "--save", "reference.json"),
        ("gate",),
        ("report", "--markdown"),
        ("report",),
    ],
    ids=" ".join,
)
def test_a_verb_of_the_core_needs_no_extra(core: Core, words: tuple[str, ...]) -> None:
    core.ok("stagebook", *words)


def test_the_summary_names_the_extra_of_mlflows_pages(core: Core) -> None:
    assert "pip install 'stagebook[ui]'" in " ".join(core.ok("stagebook", "summary").split())


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (("drift", "data/table.csv", "data/table.csv"), "drift"),
        (("model", "check", "tall"), "model"),
        (("model", "export", "tall", "--to", "onnx"), "model"),
        (("model", "recreate", "tall"), "model"),
        (("model", "sign", "tall", "--key", "key.pem"), "signing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_a_verb_that_needs_an_extra_names_it(
    core: Core, words: tuple[str, ...], extra: str
) -> None:
    package = core.project / "tall"
    package.mkdir(exist_ok=True)
    (package / "model.pkl").write_bytes(b"")
    served = PredictionInterface(
        "model.pkl", "pickle", "builtins.dict", "predict", ("value",), ("tall",)
    )
    (package / manifest.FILE).write_text(manifest.render(Manifest.of(package, "tall", served)))
    ended = core.run("stagebook", *words)
    assert ended.returncode == Exit.ENVIRONMENT, ended.stderr
    assert f"pip install 'stagebook[{extra}]'" in ended.stderr
    assert len(ended.stderr.splitlines()) == 2  # what happened, and what to do
    assert "Traceback" not in ended.stderr


def test_a_notebook_that_packages_a_model_names_the_extra(core: Core) -> None:
    (core.project / "notebooks" / "package.py").write_text(PACKAGE)
    core.ok("stagebook", "sync")
    ended = core.run("stagebook", "run", "package")
    assert ended.returncode == Exit.FAILED
    assert "pip install 'stagebook[model]'" in ended.stdout + ended.stderr
