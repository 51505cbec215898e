"""From any file to all that it came from: by records, dvc.lock and git's history of it."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from checkout import Checkout, copied

pytestmark = pytest.mark.slow

MODEL = "models/model.json"
RAW = "data/raw.csv"
FOLDER = "data/parts"


def md5(project: Checkout, path: str) -> str:
    return hashlib.md5((project.root / path).read_bytes()).hexdigest()


def trace(project: Checkout, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.ok("stagebook", "trace", *words, "--json").output)
    return found


def refused(project: Checkout, *words: str) -> dict[str, Any]:
    done = project.run("stagebook", "trace", *words, "--json")
    assert done.code == 3
    [problem] = json.loads(done.output)["problems"]
    found: dict[str, Any] = problem
    return found


def by_stage(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {one["stage"]: one for one in found["makings"]}


def values(making: dict[str, Any]) -> dict[str, Any]:
    return {one["name"]: one["value"] for one in making["parameters"]}


def head(project: Checkout, name: str = "HEAD") -> str:
    return project.ok("git", "rev-parse", name).output.strip()


@pytest.fixture(scope="module")
def fitted(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """A project whose model comes from one file of a folder; never changed, only copied."""
    project = Checkout(tmp_path_factory.mktemp("lineage") / "fit")
    project.write("pyproject.toml", '[project]\nname = "fit"\n\n[tool.stagebook]\n')
    project.write(RAW, "x\n1\n2\n3\n")
    project.notebook(
        "clean",
        f'raw: In = "{RAW}"\nparts: Out = "{FOLDER}"\nscale: float = 1.0\nunit: str = "m"',
        "from pathlib import Path\n"
        "numbers = [float(one) * scale for one in open(raw).read().split()[1:]]\n"
        "Path(parts).mkdir(exist_ok=True)\n"
        '_ = Path(parts, "a.txt").write_text(repr(sum(numbers)))\n'
        '_ = Path(parts, "b.txt").write_text(unit)',
    )
    project.notebook(
        "fit",
        f'part: In = "{FOLDER}/a.txt"\nmodel: Out = "{MODEL}"\n'
        'report: Metrics = "metrics/fit.json"\nrate: float = 0.5',
        "import json\n"
        "weight = float(open(part).read()) * rate\n"
        'json.dump({"weight": weight}, open(model, "w"))\n'
        'json.dump({"weight": weight, "rows": 3}, open(report, "w"))',
    )
    project.notebook(
        "use",
        f'parts: In = "{FOLDER}"\nsize: Out = "data/size.txt"',
        "from pathlib import Path\n"
        '_ = Path(size).write_text(str(len(list(Path(parts).glob("*")))))',
    )
    project.write("params/clean.yaml", "scale: 2.0\n")
    project.write("params/fit.yaml", "rate: 0.25\n")
    project.write(".gitignore", "__pycache__/\n")
    project.write("data/.gitignore", "/parts\n/size.txt\n/raw.csv\n")
    project.write("models/.gitignore", "/model.json\n")
    project.initialise()
    project.ok("dvc", "add", "-q", RAW)
    project.ok("stagebook", "sync")
    project.commit()
    assert project.build() == {"sources", "clean", "fit", "use"}
    project.ok("stagebook", "deliver")  # whatever a slow machine left over
    project.commit()
    return project


@pytest.fixture
def project(fitted: Checkout, tmp_path: Path) -> Iterator[Checkout]:
    checkout = Checkout(copied(fitted.root, tmp_path / "fit"))
    yield checkout
    checkout.assert_no_kernels()


def test_from_the_model_alone_a_trace_names_all_that_made_it(project: Checkout) -> None:
    found = trace(project, MODEL)
    assert found["asked"]["artefacts"] == [{"path": MODEL, "md5": md5(project, MODEL)}]
    assert [one["stage"] for one in found["makings"]] == ["clean", "fit"]
    clean, fit = found["makings"]
    for making in (clean, fit):
        assert making["executed"] == "here"
        assert making["git"]["commit"] == head(project, "HEAD~")
        assert making["git"]["dirty"] is False
        assert making["git"]["in_history"] is True
        assert [one["commit"] for one in making["commits"]] == [head(project)]
        text = (project.root / f".stagebook/sources/{making['stage']}.py").read_bytes()
        assert making["source"] == hashlib.sha256(text).hexdigest()
        assert making["environment"]["python"]
        assert making["mlflow"]["run_id"]
    assert clean["notebook"] == "notebooks/clean.py"
    assert values(clean) == {"scale": 2.0, "unit": "m"}
    origins = {one["name"]: one["origin"] for one in clean["parameters"]}
    assert origins == {"scale": "params file", "unit": "default"}
    assert values(fit) == {"rate": 0.25}
    assert fit["metrics"] == {"weight": 3.0, "rows": 3}
    assert found["raw"] == [{"path": RAW, "md5": md5(project, RAW), "tracked": f"{RAW}.dvc"}]
    [pair] = found["folders"]
    assert pair["file"] == {"path": f"{FOLDER}/a.txt", "md5": md5(project, f"{FOLDER}/a.txt")}
    assert pair["folder"] == clean["outputs"][0]
    assert found["notes"] == []


def test_a_trace_is_a_tree_on_the_terminal_and_a_page_that_loads_nothing(
    project: Checkout,
) -> None:
    said = project.ok("stagebook", "trace", MODEL).output
    for word in (MODEL, "rate 0.25 (default 0.5)", "notebooks/clean.py", f"raw, tracked by {RAW}"):
        assert word in said
    project.ok("stagebook", "trace", MODEL, "--html", "trace.html")
    page = project.read("trace.html")
    assert "<svg" in page
    assert md5(project, RAW) in page
    assert not any(word in page for word in ("http://", "https://", "<script"))


@pytest.mark.parametrize("kind", ["hash", "digits", "record", "end of a record", "run", "source"])
def test_a_hash_an_execution_and_a_run_lead_to_the_same(project: Checkout, kind: str) -> None:
    fit = by_stage(trace(project, MODEL))["fit"]
    asked = {
        "hash": md5(project, MODEL),
        "digits": md5(project, MODEL)[:8],
        "record": fit["id"],
        "end of a record": fit["id"].rpartition("-")[2],
        "run": fit["mlflow"]["run_id"],
        "source": fit["source"][:12],
    }
    found = trace(project, asked[kind])
    assert by_stage(found)["fit"] == fit
    assert [one["path"] for one in found["raw"]] == [RAW]


def test_down_leads_to_everything_made_from_it(project: Checkout) -> None:
    found = trace(project, RAW, "--down")
    assert {one["stage"] for one in found["makings"]} == {"clean", "fit", "use"}
    from_one_file = trace(project, f"{FOLDER}/b.txt", "--down")
    assert {one["stage"] for one in from_one_file["makings"]} == {"use"}


def test_a_clone_that_only_pulled_says_that_it_was_executed_elsewhere(
    project: Checkout, tmp_path: Path
) -> None:
    project.ok("dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    project.commit()
    project.ok("dvc", "push", "-q")
    project.ok("git", "clone", "-q", str(project.root), str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone")
    clone.ok("dvc", "pull", "-q")
    here, there = by_stage(trace(project, MODEL)), trace(clone, MODEL)
    assert [one["executed"] for one in there["makings"]] == ["elsewhere"] * 2
    for stage, making in by_stage(there).items():
        assert making["record"] is None
        assert making["source"] == here[stage]["source"]
        assert making["notebook"] == here[stage]["notebook"]
        assert making["commits"] == here[stage]["commits"]
        assert values(making).items() <= values(here[stage]).items()
    assert there["raw"] == trace(project, MODEL)["raw"]
    assert "executed elsewhere" in clone.ok("stagebook", "trace", MODEL).output


def test_an_old_commit_is_traced_as_it_was(project: Checkout) -> None:
    first, old = head(project), md5(project, MODEL)
    project.write("params/fit.yaml", "rate: 0.75\n")
    assert project.build() == {"sources", "fit"}
    project.commit()
    assert values(by_stage(trace(project, MODEL))["fit"]) == {"rate": 0.75}
    for words in ((MODEL, "--at", first), (old,), (MODEL, "--at", "HEAD~")):
        found = trace(project, *words)
        assert values(by_stage(found)["fit"]) == {"rate": 0.25}
        assert found["asked"]["artefacts"] == [{"path": MODEL, "md5": old}]


def test_what_dvc_restores_from_its_run_cache_has_the_record_of_its_execution(
    project: Checkout,
) -> None:
    before = by_stage(trace(project, MODEL))["fit"]
    project.write("params/fit.yaml", "rate: 0.75\n")
    assert project.build() == {"sources", "fit"}
    project.write("params/fit.yaml", "rate: 0.25\n")
    assert project.build() == {"sources"}
    assert by_stage(trace(project, MODEL))["fit"] == before


def test_a_file_that_was_changed_or_is_gone_is_traced_as_it_was_made(project: Checkout) -> None:
    made = md5(project, MODEL)
    (project.root / MODEL).unlink()
    found = trace(project, MODEL)
    assert [one["stage"] for one in found["makings"]] == ["clean", "fit"]
    assert MODEL in found["notes"][0]
    project.write(MODEL, "spoilt")
    found = trace(project, MODEL)
    assert found["asked"]["artefacts"] == [{"path": MODEL, "md5": made}]
    assert md5(project, MODEL) in found["notes"][0]
    assert made in found["notes"][0]


def test_an_output_that_no_stage_writes_any_more_is_found_in_the_past(project: Checkout) -> None:
    made = md5(project, MODEL)
    (project.root / "notebooks" / "fit.py").unlink()
    project.ok("stagebook", "sync")
    project.build()
    project.ok("dvc", "commit", "-f", "-q")
    (project.root / MODEL).unlink()
    lock = project.read("dvc.lock")
    project.write("dvc.lock", lock.partition("\n  fit:")[0] + "\n")
    project.commit()
    for _ in ("with the record", "by git alone"):
        found = trace(project, MODEL)
        assert found["asked"]["artefacts"] == [{"path": MODEL, "md5": made}]
        assert by_stage(found)["fit"]["notebook"] in ("notebooks/fit.py", None)
        shutil.rmtree(project.root / ".stagebook" / "records", ignore_errors=True)
    assert by_stage(found)["fit"]["executed"] == "elsewhere"


def test_a_commit_that_was_rewritten_is_said_to_be_out_of_history(project: Checkout) -> None:
    old = head(project, "HEAD~")
    project.ok("git", "reset", "-q", "--soft", "HEAD~")
    project.ok("git", "commit", "-q", "--amend", "-m", "both in one")
    fit = by_stage(trace(project, MODEL))["fit"]
    assert fit["git"]["commit"] == old
    assert fit["git"]["in_history"] is False
    assert [one["commit"] for one in fit["commits"]] == [head(project)]


def test_without_git_there_are_the_records_and_the_lock(project: Checkout) -> None:
    shutil.rmtree(project.root / ".git")
    project.ok("dvc", "config", "core.no_scm", "true")
    found = trace(project, MODEL)
    assert [one["stage"] for one in found["makings"]] == ["clean", "fit"]
    assert [one["commits"] for one in found["makings"]] == [[], []]
    shutil.rmtree(project.root / ".stagebook" / "records")
    assert [one["executed"] for one in trace(project, MODEL)["makings"]] == ["elsewhere"] * 2


def test_a_registered_model_leads_to_its_execution(project: Checkout) -> None:
    fit = by_stage(trace(project, MODEL))["fit"]
    uri = f"sqlite:///{project.root / 'mlflow.db'}"
    client = mlflow.MlflowClient(tracking_uri=uri, registry_uri=uri)
    client.create_registered_model("late")
    source = f"file://{project.root / MODEL}"
    client.create_model_version("late", source, run_id=fit["mlflow"]["run_id"])
    client.set_registered_model_alias("late", "champion", "1")
    for name in ("models:/late/1", "models:/late@champion", "late/1"):
        found = trace(project, name)
        assert found["kind"] == "model"
        assert found["asked"]["makings"] == [fit["id"]]
        assert by_stage(found)["fit"] == fit
    assert "late" in refused(project, "models:/late/2")["message"]


def test_a_run_whose_record_is_not_here_is_traced_as_mlflow_has_it(project: Checkout) -> None:
    fit = by_stage(trace(project, MODEL))["fit"]
    for name in ("records", "delivered"):
        shutil.rmtree(project.root / ".stagebook" / name)
    found = by_stage(trace(project, fit["mlflow"]["run_id"]))
    assert found["fit"]["executed"] == "elsewhere"
    assert values(found["fit"]) == {"rate": 0.25}
    assert found["clean"]["record"] is None


def test_a_name_that_is_not_known_is_refused_with_the_nearest(project: Checkout) -> None:
    assert f"`{MODEL}`" in refused(project, "models/modle.json")["hint"]
    for of_fit in ("fit", "notebooks/fit.py", "runs/fit.html", "params/fit.yaml"):
        assert "stagebook log fit" in refused(project, of_fit)["hint"]
    assert refused(project, "0123456789abcdef0123456789abcdef")["code"] == "unknown-trace"
    assert refused(project, MODEL, "--at", "mane")["code"] == "no-commit"
    assert refused(project, "20")["code"] == "unknown-trace"
    several = refused(project, project.records()[0]["volatile"]["id"][:8])
    assert several["code"] == "ambiguous-trace"


def test_a_log_says_what_changed_from_one_execution_to_the_next(project: Checkout) -> None:
    project.write("params/fit.yaml", "rate: 0.75\n")
    project.write(RAW, "x\n1\n2\n4\n")
    project.ok("dvc", "add", "-q", RAW)
    project.write("notebooks/fit.py", project.read("notebooks/fit.py") + "\n\n# %%\n1 + 1\n")
    assert project.build() == {"sources", "clean", "fit", "use"}
    rows = json.loads(project.ok("stagebook", "log", "-n", "3", "--json").output)["executions"]
    found = {one["stage"]: one["changes"] for one in rows}
    assert found.keys() == {"clean", "fit", "use"}
    fit, clean = found["fit"], found["clean"]
    assert clean["data"] == [RAW]
    assert clean["code"] == {"changed": False, "cells": 0, "modules": []}
    assert fit["parameters"] == {"rate": {"before": 0.25, "now": 0.75}}
    assert fit["code"] == {"changed": True, "cells": 1, "modules": []}
    assert fit["data"] == [f"{FOLDER}/a.txt"]
    assert fit["metrics"]["weight"] == {"before": 12 * 0.25, "now": 14 * 0.75}
    said = project.ok("stagebook", "log", "fit", "-n", "1").output
    for word in ("rate 0.25 → 0.75", "1 cell", f"{FOLDER}/a.txt", "weight 10.5 (+7.5)"):
        assert word in said
    assert len(said.splitlines()) == 2
    ended = project.run("stagebook", "log", "fti", "--json")
    assert ended.code == 3
    (problem,) = ended.problems
    assert (problem.code, "`fit`" in problem.hint) == ("no-executions", True)
