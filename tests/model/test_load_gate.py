"""What is refused at the gate, and that nothing is opened before it must be."""

import base64
import json
import math
import os
import pickle
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
import refusals
from spooled import recorded

from stagebook.model import attestation, manifest, signing
from stagebook.model.contents import Contents
from stagebook.model.formats.model_file import ModelFile
from stagebook.model.golden import Golden
from stagebook.model.load import load, policy_of_environment
from stagebook.model.load_gate import examine, pass_through
from stagebook.model.policy import ATTITUDES, RULES, Policy
from stagebook.model.verification import CheckState
from stagebook.project.errors import StagebookError

# These packages are made outside of a stage, so nothing says what they are made of.
OPEN: dict[str, Any] = {"materials": "ignore", "attestation": "ignore"}


def refusal(folder: Path, **changes: Any) -> list[tuple[str, str | None]]:
    """Code and file of each reason for which a package is not loaded."""
    problems = refusals.problems(load, folder, **{**OPEN, **changes})
    assert all(problem.hint for problem in problems)
    return [(each.code, each.where.file if each.where else None) for each in problems]


def edit(path: Path, change: Callable[[Any], None]) -> None:
    """Changes a JSON file in place."""
    values = json.loads(path.read_text())
    change(values)
    if path.name == manifest.FILE and isinstance(values.get("files"), dict):
        values["files"] = dict(sorted(values["files"].items()))
    path.write_text(json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def test_a_package_that_is_as_it_was_is_loaded(packaged: Path) -> None:
    found = load(packaged, **OPEN)
    assert [check.state for check in found.checks] == [CheckState.PASSED] * 7
    rows = pd.DataFrame({"weight": [0.0, 1.0], "other": ["a", "b"], "height": [3.0, -3.0]})
    said = found.predict(rows)
    assert list(said.columns) == ["probability_False", "probability_True"]
    assert said["probability_True"][0] > 0.9 > 0.1 > said["probability_True"][1]


NAMES = (
    "MLmodel",
    "MODEL_CARD.md",
    "environment.lock.json",
    "evaluation.json",
    "golden.parquet",
    "input_example.json",
    "materials.json",
    "model.pkl",
    "monitoring.json",
    "profile.input.json",
    "profile.output.json",
    "python_env.yaml",
    "requirements.txt",
    "schema.input.json",
    "schema.output.json",
    "splits.json",
)


def test_every_file_of_a_package_is_in_the_list_that_is_tested(packaged: Path) -> None:
    assert sorted(path.name for path in packaged.iterdir()) == sorted((*NAMES, manifest.FILE))


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_byte_is_told_by_its_file(packaged: Path, name: str) -> None:
    data = bytearray((packaged / name).read_bytes())
    data[len(data) // 2] ^= 1
    (packaged / name).write_bytes(bytes(data))
    assert ("package-changed", name) in refusal(packaged)


def test_a_file_that_is_missing_is_told(packaged: Path) -> None:
    (packaged / "splits.json").unlink()
    assert refusal(packaged) == [("package-changed", "splits.json")]


def test_a_file_that_was_added_is_told(packaged: Path) -> None:
    (packaged / "code").mkdir()
    (packaged / "code" / "evil.py").write_text("raise SystemExit")
    assert refusal(packaged) == [("package-changed", "code/evil.py")]


def test_what_mlflows_registry_adds_is_no_change(packaged: Path) -> None:
    (packaged / "registered_model_meta").write_text("model_name: tall\nmodel_version: '1'\n")
    load(packaged, **OPEN)


def test_a_link_is_refused_though_it_leads_to_the_same_bytes(packaged: Path) -> None:
    outside = packaged.with_name("outside.json")
    (packaged / "splits.json").rename(outside)
    (packaged / "splits.json").symlink_to(outside)
    assert refusal(packaged) == [("package-changed", "splits.json")]


@pytest.mark.parametrize("path", ["../outside.json", "/etc/passwd", "..\\outside.json"])
def test_a_manifest_that_names_a_file_outside_is_refused(packaged: Path, path: str) -> None:
    entry = json.loads((packaged / manifest.FILE).read_text())["files"]["splits.json"]
    edit(packaged / manifest.FILE, lambda values: values["files"].update({path: entry}))
    assert refusal(packaged) == [("package-changed", path)]


def test_a_model_outside_of_the_package_is_not_opened(packaged: Path) -> None:
    (packaged / "model.pkl").rename(packaged.with_name("model.pkl"))
    edit(packaged / manifest.FILE, lambda values: values["model"].update(file="../model.pkl"))
    edit(packaged / manifest.FILE, lambda values: values["files"].pop("model.pkl"))
    assert ("package-changed", "../model.pkl") in refusal(packaged)


@pytest.mark.parametrize("text", ["", "{}", "[]", "no JSON", '{"format": 1}'])
def test_a_manifest_that_is_none_is_told(packaged: Path, text: str) -> None:
    (packaged / manifest.FILE).write_text(text)
    assert refusal(packaged) == [("no-package", str(packaged / manifest.FILE))]


def test_a_folder_that_is_no_package_is_told(tmp_path: Path) -> None:
    assert refusal(tmp_path) == [("no-package", str(tmp_path))]


def test_a_package_of_a_newer_format_is_told(packaged: Path) -> None:
    edit(packaged / manifest.FILE, lambda values: values.update(format=99))
    assert refusal(packaged) == [("newer-package", str(packaged / manifest.FILE))]


def test_bytes_that_change_after_they_were_hashed_are_not_opened(packaged: Path) -> None:
    contents = Contents.read(packaged)
    for path in packaged.iterdir():
        path.write_bytes(b"changed")
    passage = examine(contents, Policy(materials="ignore", attestation="ignore"))
    assert [check.state for check in passage.checks] == [CheckState.PASSED] * 7


def test_a_fifo_is_refused_and_not_waited_for(packaged: Path) -> None:
    (packaged / "splits.json").unlink()
    os.mkfifo(packaged / "splits.json")
    assert refusal(packaged) == [("package-changed", "splits.json")]


def test_a_fifo_in_place_of_manifest_or_attestation_is_not_waited_for(packaged: Path) -> None:
    os.mkfifo(packaged.with_name("tall.intoto.json"))
    assert ("wrong-attestation", "tall.intoto.json") in refusal(packaged, attestation="warn")
    (packaged / manifest.FILE).unlink()
    os.mkfifo(packaged / manifest.FILE)
    assert [code for code, _ in refusal(packaged)] == ["no-package"]


def test_a_model_that_does_not_fit_into_memory_is_refused_unread(packaged: Path) -> None:
    size = 2**45  # of nothing: the file takes no room on the disk
    with (packaged / "model.pkl").open("r+b") as file:
        try:
            file.truncate(size)
        except OSError:  # a file system that has no file of that size; the limit comes first
            file.truncate(0)
    edit(packaged / manifest.FILE, lambda values: values["files"]["model.pkl"].update(size=size))
    assert ("package-changed", "model.pkl") in refusal(packaged)


@pytest.mark.parametrize(
    "text",
    [
        "python: 3.11.7\ndependencies:\n- evil @ https://example.org/evil.zip\n",
        "python: 3.11.7\nbuild_dependencies:\n- evil\ndependencies:\n- -r requirements.txt\n",
        "python: ../evil\n",
        "",
    ],
)
def test_an_environment_that_would_install_something_else_is_refused(
    packaged: Path, rehash: Callable[[Path], None], text: str
) -> None:
    (packaged / "python_env.yaml").write_text(text)
    rehash(packaged)
    assert [code for code, _ in refusal(packaged, environment="ignore")] == ["bad-requirement"]


@pytest.mark.parametrize(
    "line", ["evil @ https://example.org/evil.zip", "--index-url https://example.org", "-e ."]
)
def test_requirements_that_are_no_versions_are_refused_whether_or_not_they_are_installed(
    packaged: Path, rehash: Callable[[Path], None], line: str
) -> None:
    file = packaged / "requirements.txt"
    file.write_text(f"{file.read_text()}{line}\n")
    rehash(packaged)
    assert [code for code, _ in refusal(packaged, environment="ignore")] == ["bad-requirement"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("evaluation.json", ""),
        ("evaluation.json", "{}"),
        ("evaluation.json", '{"data": {"md5": 5}, "test": {}, "baseline": {}, "slices": []}'),
        ("splits.json", '{"parts": [{"name": "test", "path": 5, "md5": ""}]}'),
        ("splits.json", '{"parts": {}}'),
        ("input_example.json", '{"columns"'),
        ("profile.input.json", "[]"),
        ("profile.output.json", ""),
        ("monitoring.json", '{"format": 1, "time": "at"}'),
        ("monitoring.json", "[]"),
    ],
)
def test_a_file_that_tells_of_the_model_and_is_damaged_is_refused(
    packaged: Path, rehash: Callable[[Path], None], name: str, text: str
) -> None:
    (packaged / name).write_text(text)
    rehash(packaged)
    assert [code for code, _ in refusal(packaged)] == ["package-changed"]


def test_a_file_that_no_package_has_is_refused_though_the_manifest_names_it(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    (packaged / "cache").mkdir()
    (packaged / "cache" / "output.pkl").write_bytes(b"evil")
    rehash(packaged)
    assert refusal(packaged) == [("package-changed", "cache/output.pkl")]


# The environment


def other_version(name: str, version: str) -> Callable[[Any], None]:
    def change(values: Any) -> None:
        values["distributions"][name] = version

    return change


def consistent(packaged: Path, rehash: Callable[[Path], None]) -> None:
    """Lets the materials name the environment that is there now, and the manifest both."""
    from stagebook.model import environment, materials

    digest = materials.digest((packaged / environment.FILE).read_text())
    edit(packaged / materials.FILE, lambda values: values.update(environment=digest))
    rehash(packaged)


def test_another_version_of_a_critical_distribution_is_refused_with_both_named(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    edit(packaged / "environment.lock.json", other_version("scikit-learn", "0.1.0"))
    consistent(packaged, rehash)
    with pytest.raises(StagebookError) as caught:
        load(packaged, **OPEN)
    (problem,) = caught.value.problems
    assert problem.code == "other-version"
    assert "scikit-learn 0.1.0" in problem.message
    assert version("scikit-learn") in problem.message
    assert problem.hint == "pip install scikit-learn==0.1.0"


def test_another_version_of_what_is_not_critical_is_no_reason(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    edit(packaged / "environment.lock.json", other_version("pandas", "0.1.0"))
    consistent(packaged, rehash)
    load(packaged, **OPEN)


def test_an_override_loads_and_is_recorded(
    packaged: Path, rehash: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    edit(packaged / "environment.lock.json", other_version("scikit-learn", "0.1.0"))
    consistent(packaged, rehash)
    found = load(packaged, environment="ignore", **OPEN)
    (overridden,) = [one for one in found.checks if one.state is CheckState.OVERRIDDEN]
    assert overridden.name == "environment"
    assert "scikit-learn 0.1.0" in caplog.text


def test_compatible_takes_another_patch_and_no_other_minor_version(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    import sklearn

    major, minor, *_ = sklearn.__version__.split(".")
    edit(packaged / "environment.lock.json", other_version("scikit-learn", f"{major}.{minor}.99"))
    consistent(packaged, rehash)
    assert [code for code, _ in refusal(packaged)] == ["other-version"]
    load(packaged, environment="compatible", **OPEN)
    edit(packaged / "environment.lock.json", other_version("scikit-learn", f"{major}.99.0"))
    consistent(packaged, rehash)
    assert [code for code, _ in refusal(packaged, environment="compatible")] == ["other-version"]


def test_another_python_is_refused(packaged: Path, rehash: Callable[[Path], None]) -> None:
    edit(packaged / "environment.lock.json", lambda values: values.update(python="2.7.18"))
    consistent(packaged, rehash)
    assert [code for code, _ in refusal(packaged)] == ["other-python-version"]


@pytest.mark.parametrize("said", ["same", "Equal", "ignored"])
def test_a_policy_of_the_environment_that_is_none_is_told(
    monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv("STAGEBOOK_LOAD_ENVIRONMENT", said)
    monkeypatch.setenv("STAGEBOOK_LOAD_MATERIALS", said)
    with pytest.raises(StagebookError) as caught:
        policy_of_environment()
    assert [one.code for one in caught.value.problems] == ["bad-policy", "bad-policy"]
    environment, materials = (problem.message for problem in caught.value.problems)
    assert all(word in environment for word in ("STAGEBOOK_LOAD_ENVIRONMENT", *RULES))
    assert all(word in materials for word in ("STAGEBOOK_LOAD_MATERIALS", *ATTITUDES))
    assert all(one.hint for one in caught.value.problems)


def test_a_policy_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGEBOOK_LOAD_ENVIRONMENT", "compatible")
    monkeypatch.setenv("STAGEBOOK_LOAD_MATERIALS", "warn")
    monkeypatch.setenv("STAGEBOOK_LOAD_TRUSTED", "a.B, c.D")
    assert policy_of_environment() == Policy(
        environment="compatible", materials="warn", attestation="ignore", trusted=("a.B", "c.D")
    )


# Materials and attestation


def test_a_package_of_which_nobody_knows_the_materials_is_refused(packaged: Path) -> None:
    assert [code for code, _ in refusal(packaged, materials="refuse")] == ["materials-missing"]


def test_no_attestation_is_warned_of_or_refused(packaged: Path) -> None:
    found = load(packaged, materials="ignore", attestation="warn")
    assert [one.state for one in found.checks if one.name == "provenance"] == [CheckState.WARNED]
    assert [code for code, _ in refusal(packaged, attestation="refuse")] == ["no-attestation"]


def statement(
    folder: Path, digest: str, *, dirty: bool = False, failure: dict[str, str] | None = None
) -> None:
    """An attestation beside a package."""
    code = {"commit": "c" * 40, "branch": "main", "remote": None, "dirty": dirty, "diff": None}
    record = recorded("one", "package", git=None if failure else code, git_failure=failure)
    made = manifest.read(folder)
    text = attestation.render(made, "models/tall", record, "")
    attestation.write(folder, text.replace(made.digest, digest))


def test_an_attestation_about_another_package_is_refused_though_it_is_only_to_be_warned_of(
    packaged: Path,
) -> None:
    statement(packaged, "0" * 64)
    assert [code for code, _ in refusal(packaged, attestation="warn")] == ["wrong-attestation"]
    load(packaged, **OPEN)  # not looked at


def test_an_attestation_that_nobody_signed_is_unsigned_whatever_it_says(packaged: Path) -> None:
    statement(packaged, manifest.read(packaged).digest)
    for attitude in ("warn", "unsigned"):
        found = load(packaged, materials="ignore", attestation=attitude)
        (check,) = [one for one in found.checks if one.name == "provenance"]
        assert check.state is CheckState.WARNED
        assert [one.code for one in check.problems] == ["unsigned-attestation"]
        assert "cccccccccc" in check.detail
    assert [code for code, _ in refusal(packaged, attestation="refuse")] == ["unsigned-attestation"]


def test_an_attestation_of_a_dirty_tree_is_refused_if_asked(packaged: Path) -> None:
    statement(packaged, manifest.read(packaged).digest, dirty=True)
    assert [code for code, _ in refusal(packaged, attestation="unsigned")] == ["dirty-build"]
    found = [code for code, _ in refusal(packaged, attestation="refuse")]
    assert found == ["dirty-build", "unsigned-attestation"]


def test_a_dirty_build_is_repeated_by_force_since_dvc_skips_what_did_not_change(
    packaged: Path,
) -> None:
    statement(packaged, manifest.read(packaged).digest, dirty=True)
    (dirty,) = refusals.problems(load, packaged, **{**OPEN, "attestation": "unsigned"})
    assert dirty.hint.endswith("dvc repro --force")


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A private key and its public one."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    folder = tmp_path_factory.mktemp("keys")
    key = ec.generate_private_key(ec.SECP256R1())
    pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.TraditionalOpenSSL, none)
    public = key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo)
    (folder / "key.pem").write_bytes(private)
    (folder / "public.pem").write_bytes(public)
    return folder / "key.pem", folder / "public.pem"


def test_a_signed_attestation_passes_and_a_forged_one_does_not(
    packaged: Path, keys: tuple[Path, Path]
) -> None:
    digest = manifest.read(packaged).digest
    statement(packaged, digest)
    signing.sign(packaged, keys[0])
    asked = {"materials": "ignore", "public_key": keys[1]}
    found = load(packaged, attestation="refuse", **asked)
    (check,) = [one for one in found.checks if one.name == "provenance"]
    assert (check.state, "cccccccccc" in check.detail) == (CheckState.PASSED, True)
    beside = packaged.with_name("tall.intoto.json")
    beside.write_text(beside.read_text().replace("c" * 40, "d" * 40))
    assert [code for code, _ in refusal(packaged, attestation="warn", **asked)] == ["bad-signature"]
    signing.statement_signature_path(packaged).unlink()
    assert [code for code, _ in refusal(packaged, attestation="refuse", **asked)] == [
        "unsigned-attestation"
    ]


def enveloped(text: str) -> str:
    """A statement in an envelope that says it is signed."""
    payload = base64.b64encode(text.encode()).decode()
    signature = {"keyid": "", "sig": base64.b64encode(b"signed").decode()}
    kind = "application/vnd.in-toto+json"
    return json.dumps({"payloadType": kind, "payload": payload, "signatures": [signature]})


def with_signatures(text: str) -> str:
    """A statement that says of itself that it is signed and verified."""
    return json.dumps({**json.loads(text), "signatures": [{"sig": "x"}], "verified": True})


@pytest.mark.parametrize("spelled", [enveloped, with_signatures, str.upper, lambda text: text * 2])
def test_an_attestation_that_only_says_it_is_signed_is_refused(
    packaged: Path, spelled: Callable[[str], str]
) -> None:
    statement(packaged, manifest.read(packaged).digest)
    beside = packaged.with_name("tall.intoto.json")
    beside.write_text(spelled(beside.read_text()))
    (code,) = [code for code, _ in refusal(packaged, attestation="refuse")]
    assert code in ("unsigned-attestation", "wrong-attestation")


@pytest.mark.parametrize("forged", ["of the package", "of another key", "empty", "of nothing"])
def test_a_signature_of_something_else_makes_no_attestation_signed(
    packaged: Path, keys: tuple[Path, Path], forged: str
) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    statement(packaged, manifest.read(packaged).digest)
    signing.sign(packaged, keys[0])
    target = signing.statement_signature_path(packaged)
    whole = signing.signature_path(packaged).read_bytes()
    if forged == "of another key":
        pem, none = serialization.Encoding.PEM, serialization.NoEncryption()
        kind = serialization.PrivateFormat.TraditionalOpenSSL
        other = packaged.with_name("other.pem")
        other.write_bytes(ec.generate_private_key(ec.SECP256R1()).private_bytes(pem, kind, none))
        signing.sign(packaged, other)
        signing.signature_path(packaged).write_bytes(whole)
    else:
        target.write_bytes({"of the package": whole, "empty": b"", "of nothing": b"{}"}[forged])
    asked = {"materials": "ignore", "attestation": "unsigned", "public_key": keys[1]}
    assert [code for code, _ in refusal(packaged, **asked)] == ["bad-signature"]


def test_an_attestation_names_the_reason_why_no_commit_is_known(packaged: Path) -> None:
    failure = {"reason": "git-refused", "message": "Git refuses the repository.", "hint": ""}
    statement(packaged, manifest.read(packaged).digest, failure=failure)
    said = attestation.parse(attestation.path_of(packaged).read_bytes())
    assert (said.commit, said.dirty, said.git_failure) == (None, True, failure["message"])
    found = refusal(packaged, attestation="unsigned")
    assert [code for code, _ in found] == ["unknown-build-commit"]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"subject": []}'])
def test_an_attestation_that_cannot_be_read_is_refused(packaged: Path, text: str) -> None:
    packaged.with_name("tall.intoto.json").write_text(text)
    assert [code for code, _ in refusal(packaged, attestation="warn")] == ["wrong-attestation"]


# The model


class Command:
    """Would make a folder when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_a_command_is_refused_unopened(
    packaged: Path, rehash: Callable[[Path], None], protocol: int
) -> None:
    trace = packaged.with_name("it-ran")
    (packaged / "model.pkl").write_bytes(pickle.dumps(Command(trace), protocol))
    rehash(packaged)
    passage = pass_through(packaged, Policy(materials="ignore", attestation="ignore"))
    assert [one.code for one in passage.refusals] == ["unknown-type"]
    assert "mkdir" in passage.refusals[0].message
    assert {one.name for one in passage.checks if one.state is CheckState.SKIPPED} == {
        "opening",
        "golden rows",
        "schema",
    }
    assert not trace.exists()


def named(module: str, name: str, argument: str) -> bytes:
    """A pickle that calls what is found by a name in a module."""
    texts = [one.encode() for one in (module, name, argument)]
    module_, name_, argument_ = (b"\x8c" + bytes([len(one)]) + one for one in texts)
    return b"\x80\x04" + module_ + name_ + b"\x93" + argument_ + b"\x85R."


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("sklearn._loss.loss", "np.lib._npyio_impl.os.mkdir"),
        ("sklearn._loss.loss", "np.ctypeslib._ctypeslib.os.mkdir"),
        ("sklearn._loss.loss.np.lib._npyio_impl.os", "mkdir"),
        ("sklearn._loss.loss", "np"),
        ("sklearn.base", "BaseEstimator.get_params"),
        ("numpy", "lib._npyio_impl.os.mkdir"),
        ("sklearn.pipeline", "os.mkdir"),
    ],
)
@pytest.mark.parametrize("form", ["STACK_GLOBAL", "GLOBAL"])
def test_no_name_leads_out_of_a_module_that_is_trusted(
    packaged: Path, rehash: Callable[[Path], None], module: str, name: str, form: str
) -> None:
    trace = packaged.with_name("it-ran")
    data = named(module, name, str(trace))
    if form == "GLOBAL":
        argument = data[data.index(b"\x93") + 1 :]
        data = b"\x80\x04c" + f"{module}\n{name}\n".encode() + argument
    (packaged / "model.pkl").write_bytes(data)
    rehash(packaged)
    assert [code for code, _ in refusal(packaged)] == ["unknown-type"]
    with pytest.raises(StagebookError):
        ModelFile("pickle", data).open(())
    assert not trace.exists()


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (lambda text: text.replace("stagebook.model.pyfunc", "evil"), "loads with evil"),
        (lambda text: text.replace("    env:", "    code: code\n    env:"), "has code"),
        (lambda text: text.replace("flavors:", "flavors:\n  sklearn: {}"), "has sklearn"),
        (lambda text: text.replace("python_env.yaml", "evil.yaml"), "takes its environment from"),
    ],
)
def test_an_mlmodel_that_would_run_other_code_is_refused(
    packaged: Path, rehash: Callable[[Path], None], change: Callable[[str], str], seen: str
) -> None:
    file = packaged / "MLmodel"
    file.write_text(change(file.read_text()))
    rehash(packaged)
    passage = pass_through(packaged, Policy(materials="ignore", attestation="ignore"))
    assert [one.code for one in passage.refusals] == ["schema-differs"]
    assert seen in passage.refusals[0].message


@pytest.mark.parametrize(
    "changes",
    [
        {"attestation": "refus"},
        {"materials": "x"},
        {"environment": "equel"},
        {"trusted": "posix.system"},
    ],
)
def test_a_policy_that_is_none_is_told_and_never_taken_for_another(
    packaged: Path, changes: dict[str, Any]
) -> None:
    assert [code for code, _ in refusal(packaged, **changes)] == ["bad-policy"]


def test_a_tolerance_that_tells_nothing_apart_is_refused(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    Golden(*_golden(packaged), tolerance=math.inf).write(packaged / "golden.parquet")
    rehash(packaged)
    assert [code for code, _ in refusal(packaged)] == ["package-changed"]


def _golden(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    golden = Golden.read(folder / "golden.parquet")
    return golden.inputs, golden.outputs


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda values: values.update(more=1), "package-changed"),
        (lambda values: values.update(name=5), "no-package"),
        (lambda values: values["model"].update(format=5), "no-package"),
        (lambda values: values["model"].update(method="fit"), "no-package"),
        (lambda values: values["model"].update(method="__init__"), "no-package"),
        (lambda values: values["model"].update(features=[1, 2]), "no-package"),
        (lambda values: values["model"].pop("outputs"), "no-package"),
        (lambda values: values["files"]["schema.input.json"].update(size=True), "no-package"),
        (lambda values: values["files"]["schema.input.json"].update(size=-1), "no-package"),
        (lambda values: values.update(files=[]), "no-package"),
        (lambda values: values["model"].update(type="evil.Thing"), "package-changed"),
    ],
)
def test_a_manifest_is_read_to_its_last_byte(
    packaged: Path, change: Callable[[Any], None], code: str
) -> None:
    edit(packaged / manifest.FILE, change)
    assert [found for found, _ in refusal(packaged)] == [code]


def test_a_manifest_that_was_laid_out_anew_is_refused(packaged: Path) -> None:
    file = packaged / manifest.FILE
    file.write_text(json.dumps(json.loads(file.read_text())))
    assert [code for code, _ in refusal(packaged)] == ["package-changed"]


@pytest.mark.parametrize("text", ["5", '"x"', "null", "[" * 100_000])
@pytest.mark.parametrize("name", ["environment.lock.json", "materials.json", "schema.input.json"])
def test_a_file_of_another_shape_is_a_refusal_and_no_crash(
    packaged: Path, rehash: Callable[[Path], None], name: str, text: str
) -> None:
    (packaged / name).write_text(text)
    rehash(packaged)
    assert {code for code, _ in refusal(packaged, materials="refuse")} <= {
        "package-changed",
        "materials-missing",
    }


def test_rows_without_a_feature_are_told_and_no_rows_are_no_predictions(packaged: Path) -> None:
    model = load(packaged, **OPEN)
    with pytest.raises(KeyError, match="weight"):
        model.predict(pd.DataFrame({"height": [1.0]}))
    none = model.predict(pd.DataFrame({"height": [], "weight": []}))
    assert list(none.columns) == ["probability_False", "probability_True"]
    assert none.empty


def test_what_is_not_trusted_is_not_opened_by_whoever_did_not_look(tmp_path: Path) -> None:
    file = ModelFile("pickle", pickle.dumps(Command(tmp_path / "it-ran")))
    with pytest.raises(StagebookError) as caught:
        file.open(())
    assert [one.code for one in caught.value.problems] == ["unknown-type"]
    assert "mkdir" in caught.value.problems[0].message
    assert not (tmp_path / "it-ran").exists()


def test_skops_opens_nothing_that_is_not_trusted(original: Path) -> None:
    file = ModelFile.of(Command(original), "skops")
    with pytest.raises(StagebookError) as caught:
        file.open(())
    assert {one.code for one in caught.value.problems} == {"unknown-type"}


@pytest.mark.parametrize("data", [b"", b"no pickle", b"\x80\x05."])
def test_a_model_that_is_no_pickle_is_told(
    packaged: Path, rehash: Callable[[Path], None], data: bytes
) -> None:
    (packaged / "model.pkl").write_bytes(data)
    rehash(packaged)
    assert [code for code, _ in refusal(packaged)] == ["unreadable-model"]


def test_a_golden_row_that_is_off_is_refused_with_its_number(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    path = packaged / "golden.parquet"
    golden = pq.read_table(path)
    frame = golden.to_pandas()
    frame.loc[7, "expected.probability_True"] += 1e-3
    changed = type(golden).from_pandas(frame, preserve_index=False)
    pq.write_table(changed.replace_schema_metadata(golden.schema.metadata), path)
    rehash(packaged)
    with pytest.raises(StagebookError) as caught:
        load(packaged, **OPEN)
    (problem,) = caught.value.problems
    assert problem.code == "golden-differs"
    assert "`probability_True`" in problem.message
    assert "1 of 128" in problem.message
    assert "row 7: " in problem.message


def test_a_schema_that_mlflows_signature_contradicts_is_refused(
    packaged: Path, rehash: Callable[[Path], None]
) -> None:
    edit(
        packaged / "schema.input.json",
        lambda values: values["fields"][0].update(type="long"),
    )
    rehash(packaged)
    with pytest.raises(StagebookError) as caught:
        load(packaged, **OPEN)
    (problem,) = caught.value.problems
    assert (problem.code, "height" in problem.message) == ("schema-differs", True)
