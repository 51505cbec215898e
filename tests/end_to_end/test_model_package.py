"""A stage that packages a model: what of, from which commit, and made again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from checkout import Checkout
from mlflow import MlflowClient
from mlflow.entities import Run
from spooled import parsed
from trackers import all_runs, store

from stagebook.model.rows import TEST
from stagebook.tracking import models

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]


def materials(project: Checkout) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(project.read("models/tall/materials.json"))
    return found


def package_bytes(project: Checkout) -> dict[str, bytes]:
    folder = project.root / "models/tall"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_materials_lead_back_to_raw_data(leaving: Checkout) -> None:
    found = materials(leaving)
    assert found["missing"] == []
    assert [step["stage"] for step in found["steps"]] == ["split", "fit", "package"]
    assert [step["notebook"] for step in found["steps"]] == [
        "notebooks/split.py",
        "notebooks/fit.py",
        "notebooks/package.py",
    ]
    assert found["steps"][0]["parameters"] == {"share": 0.6}
    assert found["seeds"] == {"fit.random_state": 7}
    (raw,) = found["raw"]
    assert raw["path"] == "data/people.csv"
    assert f"md5: {raw['md5']}" in leaving.read("data/people.csv.dvc")
    records = {one["stage"]: one["source"] for one in leaving.records()}
    assert {step["stage"]: step["source"] for step in found["steps"]} == records


def test_a_trace_of_the_package_leads_to_its_execution_and_what_its_notebook_read(
    leaving: Checkout,
) -> None:
    def traced() -> dict[str, Any]:
        found = json.loads(leaving.ok("stagebook", "trace", "models/tall", "--json").output)
        return {one["stage"]: one for one in found["makings"]}["package"]

    record = leaving.records()[-1]
    here = traced()
    assert here["executed"] == "here"
    assert here["record"] == record["volatile"]["id"]
    assert here["commits"] != []
    assert [one["path"] for one in here["inputs"]] == [one["path"] for one in record["inputs"]]
    # dvc.lock names sources and values of the other stages too: what the model is made of
    shutil.rmtree(leaving.root / ".stagebook/records")
    there = traced()
    assert there["executed"] == "elsewhere"
    assert there["source"] == record["source"]
    own = {one["name"]: one["value"] for one in record["parameters"]}
    assert {one["name"]: one["value"] for one in there["parameters"]}.items() <= own.items()


def test_what_was_made_from_a_file_names_its_packaging_once(leaving: Checkout) -> None:
    leaving.write("notebooks/package.py", leaving.read("notebooks/package.py") + "\n\n# %%\n1\n")
    leaving.build()
    leaving.commit()
    for path in ("data/people.csv", "models/tall.pkl"):
        found = json.loads(leaving.ok("stagebook", "trace", path, "--down", "--json").output)
        made = [one for one in found["makings"] if one["stage"] == "package"]
        assert [one["executed"] for one in made] == ["here"] * 2


def test_the_attestation_names_commit_and_package(leaving: Checkout) -> None:
    statement = json.loads(leaving.read("models/tall.intoto.json"))
    manifest = leaving.root / "models/tall/package.json"
    digest = leaving.ok("sha256sum", str(manifest)).output.split()[0].lstrip("\\")
    assert statement["subject"][0]["digest"]["sha256"] == digest
    made_from = leaving.ok("git", "rev-parse", "HEAD~1").output.strip()
    build = statement["predicate"]["buildDefinition"]
    assert build["resolvedDependencies"][0]["digest"] == {"gitCommit": made_from}
    assert build["internalParameters"]["dirty"] is False
    opened = statement["predicate"]["runDetails"]["metadata"]["stagebook_opened"]
    assert opened["type"] == json.loads(manifest.read_text())["model"]["type"]
    assert leaving.ok("git", "status", "--porcelain").output == ""
    check = ("stagebook", "model", "check", "models/tall", "--attestation")
    checks = json.loads(leaving.ok(*check, "unsigned", "--json").output.splitlines()[-1])["checks"]
    (provenance,) = [each for each in checks if each["name"] == "provenance"]
    assert provenance["state"] == "warned"
    assert [each["code"] for each in provenance["problems"]] == ["unsigned-attestation"]
    assert leaving.run(*check, "refuse").code == 12


def test_a_package_that_no_cell_logged_is_the_model_of_its_run_and_of_the_build(
    leaving: Checkout,
) -> None:
    def linked(run: Run) -> list[str]:
        return [one.model_id for one in (run.outputs.model_outputs if run.outputs else ())]

    runs = {run.info.run_name: run for run in all_runs(leaving, "leaving")}
    client = MlflowClient(store(leaving))
    (name,) = linked(runs["package"])
    assert linked(runs["build"]) == [name]
    model = client.get_logged_model(name)
    assert (model.name, str(model.status)) == ("tall", "READY")
    assert model.tags["stagebook.output"] == "models/tall"
    files = {one.path for one in client.list_logged_model_artifacts(name)}
    assert {"MLmodel", "package.json", "model.pkl"} <= files

    record = leaving.records()[-1]
    assert record["stage"] == "package"
    experiment = runs["package"].info.experiment_id
    made = parsed(record)
    for outputs in (made.outputs, (replace(made.outputs[0], md5="0" * 32),)):
        other = client.create_run(experiment).info.run_id
        volatile = replace(made.volatile, id=f"{len(outputs)}-{outputs[0].md5}")
        again = replace(made, outputs=outputs, volatile=volatile)
        models.carry_outputs(client, leaving.root, again, other, experiment)
        assert len(linked(client.get_run(other))) == (outputs == made.outputs)


def test_the_same_inputs_give_the_same_package_at_another_commit(leaving: Checkout) -> None:
    before = package_bytes(leaving)
    statement = leaving.read("models/tall.intoto.json")
    leaving.write("README.md", "Something else.\n")
    leaving.commit()
    leaving.ok("dvc", "repro", "-f", "package")
    assert package_bytes(leaving) == before
    assert leaving.read("models/tall.intoto.json") != statement


def test_a_change_that_leaves_the_data_alone_still_makes_the_package_anew(
    leaving: Checkout,
) -> None:
    before = materials(leaving)
    text = leaving.read("src/hand/cutting.py")
    leaving.write("src/hand/cutting.py", text.replace("number % 100 <", "(number + 0) % 100 <"))
    # fit reads the same data as before and stays; the package says what it was made of
    assert leaving.build() == {"sources", "split", "package"}
    after = materials(leaving)
    assert after["missing"] == []
    assert after["steps"][0]["source"] != before["steps"][0]["source"]
    assert after["steps"][0]["outputs"] == before["steps"][0]["outputs"]


def test_an_override_packages_nothing_that_the_build_has(leaving: Checkout) -> None:
    before = package_bytes(leaving)
    leaving.ok("stagebook", "run", "fit", "-P", "strength=5")
    assert package_bytes(leaving) == before


def test_data_changed_behind_dvcs_back_is_a_gap_in_the_materials(leaving: Checkout) -> None:
    leaving.ok("dvc", "unprotect", "models/tall.pkl")
    chain = (
        "import pickle,pathlib; p=pathlib.Path('models/tall.pkl'); m=pickle.loads(p.read_bytes())"
    )
    leaving.ok("python", "-c", f"{chain}; m.intercept_ += 1; p.write_bytes(pickle.dumps(m))")
    leaving.ok("stagebook", "run", "package")
    (gap,) = materials(leaving)["missing"]
    assert all(name in gap for name in ("`models/tall.pkl`", "package", "fit"))
    refused = leaving.run("stagebook", "model", "check", "models/tall")
    assert (refused.code, "models/tall.pkl" in refused.output) == (12, True)


def likeness(project: Checkout, package: Path, *options: str) -> dict[str, Any]:
    """What `model recreate` says, in the environment that runs the tests."""
    command = ("stagebook", "model", "recreate", str(package), "--here", "--json", *options)
    done = project.run(*command)
    found: dict[str, Any] = json.loads(done.output.splitlines()[-1])
    assert done.code == (12 if found["likeness"] == "different" else 0), done.output
    return found


def handed_over(project: Checkout, to: Path) -> Path:
    """The archive that somebody else gets."""
    project.ok("stagebook", "model", "pack", "models/tall", "--to", str(to / "tall.tar"))
    return to / "tall.tar"


def test_from_the_package_and_the_repository_the_same_bytes_are_made(
    leaving: Checkout, tmp_path: Path
) -> None:
    package = handed_over(leaving, tmp_path)
    shutil.rmtree(leaving.root / "models")
    shutil.rmtree(leaving.root / "data")
    leaving.write("notebooks/fit.py", "# %% nothing is left of it here\n")
    branch = leaving.ok("git", "symbolic-ref", "HEAD").output
    git = str(leaving.root / ".git")
    leaving.env |= {"GIT_DIR": git, "GIT_INDEX_FILE": f"{git}/index"}  # as in a hook
    found = likeness(leaving, package, "--into", str(tmp_path / "again"))
    assert (found["likeness"], found["told_by"]) == ("identical", "dvc.lock")
    assert leaving.ok("git", "symbolic-ref", "HEAD").output == branch
    made = tmp_path / "again" / "models" / "tall" / "package.json"
    assert made.is_file()


def test_where_no_lock_was_committed_the_attestation_leads_to_the_commit(
    leaving: Checkout, tmp_path: Path
) -> None:
    package = handed_over(leaving, tmp_path)
    leaving.ok("git", "reset", "-q", "--hard", "HEAD~1")  # the commit of dvc.lock never was
    leaving.ok("git", "reflog", "expire", "--expire=now", "--all")
    found = likeness(leaving, package, "--into", str(tmp_path / "again"))
    assert (found["likeness"], found["told_by"]) == ("identical", "attestation")


def test_a_package_of_nowhere_is_told(leaving: Checkout, tmp_path: Path) -> None:
    package = handed_over(leaving, tmp_path)
    other = Checkout(tmp_path / "other")
    other.write("pyproject.toml", '[project]\nname = "other"\n[tool.stagebook]\n')
    other.ok("git", "init", "-q")
    other.ok("dvc", "init", "-q")
    done = other.run("stagebook", "model", "recreate", str(package), "--here", "--json")
    assert (done.code, [problem.code for problem in done.problems]) == (3, ["unknown-commit"])


def test_a_tampered_byte_is_named_by_file_when_the_signature_is_verified(
    leaving: Checkout, tmp_path: Path
) -> None:
    key, public = str(tmp_path / "key.pem"), str(tmp_path / "public.pem")
    leaving.ok("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    leaving.ok("openssl", "ec", "-in", key, "-pubout", "-out", public)
    unsigned = leaving.run("stagebook", "model", "check", "models/tall", "--key", public)
    assert (unsigned.code, "not signed" in unsigned.output) == (12, True)
    leaving.ok("stagebook", "model", "sign", "models/tall", "--key", key)
    leaving.ok("stagebook", "model", "verify", "models/tall", "--key", public)
    archive = handed_over(leaving, tmp_path)
    leaving.ok("stagebook", "model", "verify", str(archive), "--key", public)
    attested = ("--attestation", "refuse", "--key", public)
    said = leaving.ok("stagebook", "model", "check", str(archive), *attested).output
    assert "unsigned" not in said
    card = leaving.root / "models/tall/MODEL_CARD.md"
    card.chmod(0o644)
    card.write_text(card.read_text() + "Trust me.\n")
    done = leaving.run("stagebook", "model", "verify", "models/tall", "--key", public)
    assert (done.code, "MODEL_CARD.md" in done.output) == (12, True)
    other = str(tmp_path / "other.pem")
    leaving.ok("openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", other)
    leaving.ok("openssl", "ec", "-in", other, "-pubout", "-out", f"{other}.pub")
    done = leaving.run("stagebook", "model", "verify", str(archive), "--key", f"{other}.pub")
    assert (done.code, "another key" in done.output) == (12, True)


def test_a_package_is_exported_as_far_as_it_agrees_on_the_test_set(leaving: Checkout) -> None:
    command = ("stagebook", "model", "export", "models/tall")
    report = json.loads(leaving.ok(*command, "--to", "onnx", "--json").output.splitlines()[-1])
    assert report["compared_on"]["of"] == TEST
    assert report["compared_on"]["path"] == "data/test.parquet"
    assert json.loads(leaving.read("models/tall.onnx.parity.json")) == report
    fitted = (leaving.root / "models/tall.pkl").read_bytes()
    kept = leaving.run(*command, "--to", "pickle")  # the stage `fit` has written that
    assert (kept.code, "--output FILE" in kept.output) == (3, True)
    assert (leaving.root / "models/tall.pkl").read_bytes() == fitted
    leaving.ok("stagebook", "model", "check", "models/tall")
    assert leaving.build() == {"sources"}
