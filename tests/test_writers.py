"""Every text that Stagebook keeps or prints passes one place, which hides secrets in it."""

import ast
from pathlib import Path

import pytest

import stagebook
from stagebook.project.files import write_whole
from stagebook.project.masks import MASK

SOURCE = Path(stagebook.__file__).parent
SECRET = "hunter2-and-more"

ELSEWHERE = {
    "data/inspector.py": "answers its parent, which masks what it keeps",
    "execution/execution.py": "the notebook that the kernel gets, in the sandbox",
    "execution/masked_notebook.py": "papermill's writer, masked with the job's own masks",
    "execution/journal.py": "paths that a kernel was refused, in the execution's folder",
    "execution/sandbox.py": "the modules that the kernel imports, in the sandbox",
    "execution/masked_file.py": "a place of its own for a text in pieces, which it masks",
    "execution/start.py": "addresses and the key of a kernel, in a folder of the user alone",
    "execution/whole_outputs.py": "the bytes of pictures",
    "execution/exits.py": "how a kernel ended, in the sandbox",
    "execution/locks.py": "a lock without content",
    "execution/papermill_engine.py": "a switch of the kernel of Linux",
    "execution/sandbox_policy.py": "what the kernel may reach, in the sandbox",
    "project/files.py": "the place itself",
    "model/archive.py": "the bytes of a package's files",
    "model/clean.py": "a log, masked where it is written",
    "model/export.py": "the bytes of a model",
    "model/formats/pmml.py": "a model that is scored, in a folder of its own",
    "model/formats/pmml_scorer.py": "answers its parent",
    "model/signing.py": "the bytes that are signed",
    "model/writer.py": "the bytes of a model",
    "record/interactive.py": "addresses without credentials",
    "tracking/courier.py": "answers its parent",
    "serving/log/days.py": "the rows of a log, masked when they were logged",
    "report/site/folder.py": "a mark without content",
    "cli/masked_streams.py": "the place for what is printed",
}
"""Modules that write by themselves, and why no secret leaves there."""


def writes(tree: ast.AST) -> bool:
    """Whether code writes to a file or a stream itself; rich prints to masked streams."""
    return any(isinstance(node, ast.Call) and _is_write(node) for node in ast.walk(tree))


def _is_write(call: ast.Call) -> bool:
    function = ast.unparse(call.func)
    modes = [one.value for one in call.args if isinstance(one, ast.Constant)][-1:]
    opened = function.split(".")[-1] == "open" and str(modes)[2:3] in ("w", "a", "x")
    return (
        opened
        or function == "print"
        or function.endswith(("write_text", "write_bytes", "sys.stdout.write"))
    )


def test_no_module_writes_by_itself_but_for_those_with_a_reason() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if writes(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert found <= ELSEWHERE.keys(), "write it with stagebook.project.files.write_whole"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"<p>{SECRET}</p>", f"<p>{MASK}</p>"),
        (f'{{"a": "{SECRET}", "b": 82619405}}', f'{{"a": "{MASK}", "b": 82619405}}'),
    ],
)
def test_a_text_is_written_without_secrets(
    text: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)
    monkeypatch.setenv("PIN_KEY", "82619405")
    write_whole(tmp_path / "a", text)
    assert (tmp_path / "a").read_text() == expected


@pytest.mark.parametrize("exact", [True, False])
def test_what_is_the_users_own_is_written_as_it_is(
    exact: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("A_TOKEN", SECRET)
    write_whole(tmp_path / "a", SECRET if exact else SECRET.encode(), exact=exact)
    assert (tmp_path / "a").read_text() == SECRET
