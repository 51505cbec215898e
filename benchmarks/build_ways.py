"""Ways to build a pipeline of notebooks: each writes a project, and knows the command."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from flight_cells import CellStage
from ratio import BIN, environment, run

_BY_HAND = """
import sys
from pathlib import Path

import mlflow
import papermill
from nbconvert import HTMLExporter

name = sys.argv[1]
executed, page = Path("runs", f"{name}.ipynb"), Path("runs", f"{name}.html")
executed.parent.mkdir(exist_ok=True)
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("by hand")
with mlflow.start_run(run_name=name):
    papermill.execute_notebook(
        f"notebooks/{name}.ipynb", str(executed), kernel_name="python3", progress_bar=False
    )
    body, _ = HTMLExporter().from_filename(str(executed))
    page.write_text(body)
    mlflow.log_artifact(str(executed))
    mlflow.log_artifact(str(page))
"""


@dataclass(frozen=True)
class Way:
    """A way to build a project.

    Attributes:
        name: What readers know it by.
        write: Writes the project of some stages into a folder with git, DVC and the raw data.
        command: Builds all stages again.
        variables: Further environment variables.
        before: Is run before each build and not timed, such as what ends warm processes.
        binaries: The folder of its commands: that of its own environment.
    """

    name: str
    write: Callable[[Path, Sequence[CellStage]], None]
    command: tuple[str, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    binaries: Path = BIN

    def environment(self) -> dict[str, str]:
        """The environment of its commands."""
        own = {**environment(), **self.variables}
        return {**own, "PATH": f"{self.binaries}{os.pathsep}{own['PATH']}"}

    def build(self, folder: Path) -> None:
        """Builds all stages; ends this program with the output if that fails."""
        self._run(self.command, folder)

    def prepare(self, folder: Path) -> None:
        """Does what comes before a build."""
        if self.before:
            self._run(self.before, folder)

    def _run(self, command: Sequence[str], folder: Path) -> None:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{self.name}: {' '.join(command)} failed:\n{done.stdout}{done.stderr}")


def begin(folder: Path, raw: Path) -> Path:
    """A folder with git, DVC, somebody's name and the raw data."""
    (folder / "notebooks").mkdir(parents=True)
    run(["git", "init", "-q"], folder)
    for name, value in (("user.name", "Someone"), ("user.email", "someone@example.org")):
        run(["git", "config", name, value], folder)
    run(["dvc", "init", "-q"], folder)
    shutil.copytree(raw, folder / "data")
    return folder


def commit(folder: Path) -> None:
    """Commits all files."""
    run(["git", "add", "-A"], folder)
    run(["git", "commit", "-q", "-m", "A pipeline"], folder)


def scripts(folder: Path, stages: Sequence[CellStage]) -> None:
    """Plain scripts."""
    for stage in stages:
        text = "\n\n".join([_assignments(stage), *stage.body])
        (folder / "notebooks" / f"{stage.name}.py").write_text(text + "\n")
    _dvc_yaml(folder, stages, f"{BIN / 'python'} notebooks/{{name}}.py", ".py")


def papermill(folder: Path, stages: Sequence[CellStage]) -> None:
    """papermill's command."""
    _notebooks(folder, stages, _assignments)
    command = "papermill -k python3 --no-progress-bar notebooks/{name}.ipynb runs/{name}.ipynb"
    (folder / "runs").mkdir()
    _dvc_yaml(folder, stages, command, ".ipynb")


def by_hand(folder: Path, stages: Sequence[CellStage]) -> None:
    """papermill, MLflow and nbconvert, put together in a script."""
    _notebooks(folder, stages, _assignments)
    (folder / "run.py").write_text(_BY_HAND)
    _dvc_yaml(folder, stages, f"{BIN / 'python'} run.py {{name}}", ".ipynb")


def stagebook(folder: Path, stages: Sequence[CellStage]) -> None:
    """Stagebook."""
    (folder / "pyproject.toml").write_text('[project]\nname = "bench"\n\n[tool.stagebook]\n')
    _notebooks(folder, stages, _signature)
    run(["stagebook", "sync"], folder)


def ploomber(folder: Path, stages: Sequence[CellStage]) -> None:
    """Ploomber, which is archived since 2025."""
    made = {path: stage.name for stage in stages for path in stage.outputs.values()}

    def cell(stage: CellStage) -> str:
        upstream = sorted({made[path] for path in stage.inputs.values() if path in made})
        return f"upstream = {upstream or None!r}\nproduct = None\n{_assignments(stage)}"

    _notebooks(folder, stages, cell)
    lines = ["tasks:"]
    for stage in stages:
        lines += [f"  - source: notebooks/{stage.name}.ipynb", "    product:"]
        lines += [f"      nb: runs/{stage.name}.ipynb"]
        lines += [f"      {name}: {path}" for name, path in stage.outputs.items()]
    (folder / "pipeline.yaml").write_text("\n".join(lines) + "\n")


def calkit(folder: Path, stages: Sequence[CellStage]) -> None:
    """Calkit, which runs a notebook in the notebook's folder."""
    _notebooks(folder, stages, lambda stage: _assignments(stage, "../"))
    lines = ["environments:", "  main:", "    kind: system", "pipeline:", "  stages:"]
    for stage in stages:
        lines += [f"    {stage.name}:", "      kind: jupyter-notebook", "      environment: main"]
        lines += [f"      notebook_path: notebooks/{stage.name}.ipynb", "      inputs:"]
        lines += [f"        - {path}" for path in stage.inputs.values()]
        lines += ["      outputs:", *(f"        - {path}" for path in stage.outputs.values())]
    (folder / "calkit.yaml").write_text("\n".join(lines) + "\n")


def _assignments(stage: CellStage, above: str = "") -> str:
    return "\n".join(f"{name} = {json.dumps(above + path)}" for name, path in stage.paths.items())


def _signature(stage: CellStage) -> str:
    lines = ["from stagebook import In, Out", ""]
    lines += [f"{name}: In = {json.dumps(path)}" for name, path in stage.inputs.items()]
    lines += [f"{name}: Out = {json.dumps(path)}" for name, path in stage.outputs.items()]
    return "\n".join(lines)


def _notebooks(
    folder: Path, stages: Sequence[CellStage], parameters: Callable[[CellStage], str]
) -> None:
    for stage in stages:
        cells = [nbformat.v4.new_code_cell(text) for text in (parameters(stage), *stage.body)]
        cells[0].metadata["tags"] = ["parameters"]
        for number, cell in enumerate(cells):
            cell["id"] = f"cell-{number}"
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        metadata["language_info"] = {"name": "python"}
        node = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
        nbformat.write(node, folder / "notebooks" / f"{stage.name}.ipynb")


def _dvc_yaml(folder: Path, stages: Sequence[CellStage], command: str, suffix: str) -> None:
    lines = ["stages:"]
    for stage in stages:
        lines += [f"  {stage.name}:", f"    cmd: {command.format(name=stage.name)}", "    deps:"]
        lines += [f"      - notebooks/{stage.name}{suffix}"]
        lines += [f"      - {path}" for path in stage.inputs.values()]
        lines += ["    outs:", *(f"      - {path}" for path in stage.outputs.values())]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")
