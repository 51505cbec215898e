"""Compares a build of four short stages: plain scripts, Stagebook, and the tools without it.

Each way runs `dvc repro --force` on its own pipeline: make numbers, fit, predict, score.
"""

import sys
import tempfile
from pathlib import Path

from ratio import BIN, compare, run

STAGES = {
    "make": ([], "data/table.csv", "pd.DataFrame({'x': range(500), 'y': range(500)}).to_csv(out)"),
    "fit": (
        ["data/table.csv"],
        "data/model.json",
        "t = pd.read_csv(one)\n"
        "m = LinearRegression().fit(t[['x']], t['y'])\n"
        "json.dump(m.coef_.tolist(), open(out, 'w'))",
    ),
    "predict": (
        ["data/model.json", "data/table.csv"],
        "data/predicted.csv",
        "c = json.load(open(one))\nt = pd.read_csv(two)\n(t['x'] * c[0]).to_csv(out)",
    ),
    "score": (
        ["data/predicted.csv"],
        "data/score.json",
        "json.dump({'mean': float(pd.read_csv(one)['x'].mean())}, open(out, 'w'))",
    ),
}
IMPORTS = "import json\nimport pandas as pd\nfrom sklearn.linear_model import LinearRegression\n"
NAMES = ("one", "two")
BY_HAND = """
import os, sys
import mlflow, papermill
from nbconvert import HTMLExporter
name, out = sys.argv[1:]
os.makedirs("runs", exist_ok=True)
mlflow.set_tracking_uri("sqlite:///mlflow.db")
mlflow.set_experiment("by hand")
with mlflow.start_run(run_name=name):
    papermill.execute_notebook(
        f"notebooks/{name}.ipynb", f"runs/{name}.ipynb", kernel_name="python3", progress_bar=False
    )
    body, _ = HTMLExporter().from_filename(f"runs/{name}.ipynb")
    open(f"runs/{name}.html", "w").write(body)
    mlflow.log_artifact(f"runs/{name}.ipynb")
    mlflow.log_artifact(f"runs/{name}.html")
"""


def declarations(inputs: list[str], out: str, marked: bool) -> str:
    lines = ["from stagebook import In, Out"] if marked else []
    lines += [f'{n}{": In" * marked} = "{path}"' for n, path in zip(NAMES, inputs, strict=False)]
    return "\n".join([*lines, f'out{": Out" * marked} = "{out}"'])


def begin(folder: Path) -> Path:
    (folder / "notebooks").mkdir(parents=True)
    (folder / "data").mkdir()
    run(["git", "init", "-q"], folder)
    run(["dvc", "init", "-q"], folder)
    return folder


def dvc_yaml(folder: Path, command: str) -> None:
    lines = ["stages:"]
    for name, (inputs, out, _) in STAGES.items():
        lines += [f"  {name}:", f"    cmd: {command.format(name=name, out=out)}", "    deps:"]
        lines += [f"      - {path}" for path in inputs] or ["      - notebooks"]
        lines += ["    outs:", f"      - {out}"]
    (folder / "dvc.yaml").write_text("\n".join(lines) + "\n")


def scripts(folder: Path) -> None:
    for name, (inputs, out, body) in STAGES.items():
        text = f"{declarations(inputs, out, False)}\n{IMPORTS}{body}\n"
        (folder / "notebooks" / f"{name}.py").write_text(text)
    dvc_yaml(folder, f"{BIN / 'python'} notebooks/{{name}}.py")


def stagebook(folder: Path) -> None:
    (folder / "pyproject.toml").write_text('[project]\nname = "four"\n[tool.stagebook]\n')
    for name, (inputs, out, body) in STAGES.items():
        cell = f'# %% tags=["parameters"]\n{declarations(inputs, out, True)}\n'
        text = f"{cell}\n# %%\n{IMPORTS}\n# %%\n{body}\n"
        (folder / "notebooks" / f"{name}.py").write_text(text)
    run(["stagebook", "sync"], folder)


def by_hand(folder: Path) -> None:
    import nbformat

    for name, (inputs, out, body) in STAGES.items():
        cells = [declarations(inputs, out, False), IMPORTS, body]
        node = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in cells])
        nbformat.write(node, folder / "notebooks" / f"{name}.ipynb")
    (folder / "run.py").write_text(BY_HAND)
    dvc_yaml(folder, f"{BIN / 'python'} run.py {{name}} {{out}}")


if __name__ == "__main__":
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    with tempfile.TemporaryDirectory() as base:
        ways = {}
        for name, make in {
            "plain scripts": scripts,
            "stagebook": stagebook,
            "papermill, MLflow, nbconvert": by_hand,
        }.items():
            place = begin(Path(base) / name.replace(",", "").replace(" ", "-"))
            make(place)
            ways[name] = lambda place=place: run(["dvc", "repro", "--force", "--quiet"], place)
        compare(ways, rounds)
