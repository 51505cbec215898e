"""Python code in a kernel is refused what its stage does not declare, and that is noted."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from stagebook.execution.walls import Walls

AUDITED = """
import json, os, pathlib, shutil, sys, tempfile
from stagebook.execution import audit
from stagebook.execution.walls import Walls

walls = Walls.read(sys.argv[1])
os.chdir(walls.files)
root = walls.root
audit.install(walls)

def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"

sys.stdout.write(json.dumps([tried(act) for act in eval(sys.argv[2])]))
"""


@dataclass(frozen=True, slots=True)
class Kernel:
    """A process whose stage reads data/in.csv and deep/, and writes out/."""

    root: Path
    files: Path

    def outcomes(self, *acts: str) -> list[str]:
        """What each action comes to: ``done``, or the name of an OSError."""
        script = f"[{', '.join(f'lambda: {act}' for act in acts)}]"
        ran = subprocess.run(
            [sys.executable, "-c", AUDITED, str(self.root / "walls.json"), script],
            capture_output=True,
            text=True,
            check=True,
        )
        return list(json.loads(ran.stdout))

    def refused(self, act: str) -> tuple[str, str]:
        """The kind and the path that an action is noted with, after a PermissionError."""
        assert self.outcomes(act) == ["PermissionError"]
        (entry,) = self.journal()
        return entry

    def journal(self) -> list[tuple[str, str]]:
        journal = self.files.parent / "kernel" / "journal.jsonl"
        if not journal.exists():
            return []
        entries = map(json.loads, journal.read_text(encoding="utf-8").splitlines())
        return [(entry["kind"], entry["path"]) for entry in entries]


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    root = tmp_path / "project"
    files, own = root / ".stagebook/executions/x/files", root / ".stagebook/executions/x/kernel"
    for name in ("data/in.csv", "data/secret.csv", "deep/a/b.csv", "code/m.py", "été 2013.csv"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("x", encoding="utf-8")
    (files / "data").mkdir(parents=True)
    (files / "out").mkdir()
    (own / "tmp").mkdir(parents=True)
    (files / "data" / "in.csv").symlink_to(root / "data/in.csv")
    (files / "deep").symlink_to(root / "deep")
    (root / "code" / "__pycache__").mkdir()
    (tmp_path / "outside.csv").write_text("x", encoding="utf-8")
    Walls(
        root=str(root),
        files=str(files),
        writable=(str(files), str(own)),
        readable=(str(root / "data/in.csv"), str(root / "deep"), str(root / "code/m.py")),
        listed=(str(root / "code"),),
        inputs=("data/in.csv", "deep"),
        journal=str(own / "journal.jsonl"),
        memory_limit=None,
        lock=str(own / "lock"),
        ending=str(own / "ending"),
    ).write(root / "walls.json")
    return Kernel(root, files)


# What is declared


@pytest.mark.parametrize(
    "act",
    [
        "open('data/in.csv').read()",
        "open(b'data/in.csv').read()",
        "open(pathlib.Path('data/in.csv')).read()",
        "open('./out/../data/in.csv').read()",
        "open(root + '/data/in.csv').read()",
        "open('deep/a/b.csv').read()",
        "os.listdir('deep')",
        "os.listdir()",
        "os.scandir('.')",
        "open('out/m.pkl', 'w')",
        "open('anything', 'x')",
        "os.mkdir('out/folder')",
        "os.makedirs('new/folder')",
        "(open('out/a', 'w').close(), os.rename('out/a', 'out/b'), os.remove('out/b'))",
        "os.symlink('data/in.csv', 'out/link')",
        "tempfile.TemporaryFile()",
        "open('../../../../../outside.csv').read()",
        "open('../../../../../outside.csv', 'a')",
        "open(root + '/code/m.py').read()",
        "open(root + '/code/__pycache__/m.pyc', 'w')",
        "os.listdir(root + '/code/__pycache__')",
        "open(0)",
        "os.path.exists(root + '/data/secret.csv')",
    ],
)
def test_what_a_stage_declares_or_owns_is_free(kernel: Kernel, act: str) -> None:
    assert kernel.outcomes(act) == ["done"]
    assert kernel.journal() == []


# What is not


@pytest.mark.parametrize(
    "act",
    [
        "open(root + '/data/secret.csv')",
        "open((root + '/data/secret.csv').encode())",
        "open(pathlib.Path(root) / 'data/secret.csv', 'rb')",
        "os.open(root + '/data/secret.csv', os.O_RDONLY)",
        "pathlib.Path(root, 'data', 'secret.csv').read_text()",
        "open('../../../../data/secret.csv')",
        "shutil.copy(root + '/data/secret.csv', 'out/copy')",
    ],
)
def test_reading_what_is_not_declared_is_refused(kernel: Kernel, act: str) -> None:
    assert kernel.refused(act) == ("read", "data/secret.csv")


@pytest.mark.parametrize("act", ["os.listdir(root + '/data')", "os.scandir(root + '/data')"])
def test_listing_what_is_not_declared_is_refused(kernel: Kernel, act: str) -> None:
    assert kernel.refused(act) == ("read", "data")


@pytest.mark.parametrize(
    "act",
    [
        "open(root + '/new.csv', 'w')",
        "open(root + '/new.csv', 'xb')",
        "open(root + '/new.csv', 'a')",
        "os.open(root + '/new.csv', os.O_CREAT | os.O_WRONLY)",
        "os.mkdir(root + '/new.csv')",
        "pathlib.Path(root, 'new.csv').touch()",
        "os.symlink('/tmp', root + '/new.csv')",
        "os.link('data/in.csv', root + '/new.csv')",
        "(open('out/a', 'w').close(), os.rename('out/a', root + '/new.csv'))",
        "(open('out/a', 'w').close(), os.replace('out/a', root + '/new.csv'))",
        "(open('out/a', 'w').close(), shutil.move('out/a', root + '/new.csv'))",
    ],
)
def test_writing_what_is_not_declared_is_refused(kernel: Kernel, act: str) -> None:
    assert kernel.refused(act) == ("wrote", "new.csv")
    assert not (kernel.root / "new.csv").exists()


@pytest.mark.parametrize(
    "act",
    [
        "open(root + '/data/secret.csv', 'r+')",
        "open(root + '/data/secret.csv', 'w')",
        "os.remove(root + '/data/secret.csv')",
        "os.truncate(root + '/data/secret.csv', 0)",
        "os.chmod(root + '/data/secret.csv', 0o600)",
        "os.rename(root + '/data/secret.csv', 'out/a')",
    ],
)
def test_changing_what_is_not_declared_is_refused(kernel: Kernel, act: str) -> None:
    assert kernel.refused(act) == ("wrote", "data/secret.csv")
    assert (kernel.root / "data/secret.csv").read_text(encoding="utf-8") == "x"


@pytest.mark.parametrize(
    ("act", "path"),
    [
        ("open('data/in.csv', 'w')", "data/in.csv"),
        ("open('data/in.csv', 'a')", "data/in.csv"),
        ("os.remove('data/in.csv')", "data/in.csv"),
        ("os.truncate('data/in.csv', 0)", "data/in.csv"),
        ("os.rename('data/in.csv', 'out/a')", "data/in.csv"),
        ("open('deep/new.csv', 'w')", "deep/new.csv"),
        ("os.mkdir('deep/new')", "deep/new"),
    ],
)
def test_changing_an_input_is_refused(kernel: Kernel, act: str, path: str) -> None:
    assert kernel.refused(act) == ("changed", path)
    assert (kernel.root / "data/in.csv").read_text(encoding="utf-8") == "x"


def test_a_folder_that_only_looks_like_bytecode_is_refused(kernel: Kernel) -> None:
    folder = kernel.root / "data__pycache__"
    folder.mkdir()
    (folder / "secret.csv").write_text("x", encoding="utf-8")
    assert kernel.refused("open(root + '/data__pycache__/secret.csv')") == (
        "read",
        "data__pycache__/secret.csv",
    )


def test_a_refusal_is_noted_once(kernel: Kernel) -> None:
    act = "open(root + '/data/secret.csv')"
    write = "open(root + '/data/secret.csv', 'w')"
    assert kernel.outcomes(act, act, write, write) == ["PermissionError"] * 4
    assert kernel.journal() == [("read", "data/secret.csv"), ("wrote", "data/secret.csv")]


def test_a_refusal_that_the_code_swallows_is_noted_all_the_same(kernel: Kernel) -> None:
    assert kernel.outcomes("tried(lambda: open(root + '/data/secret.csv'))") == ["done"]
    assert kernel.journal() == [("read", "data/secret.csv")]


@pytest.mark.parametrize(
    ("act", "path"),
    [
        ("open('data/secret.csv')", "data/secret.csv"),
        ("open('été 2013.csv')", "été 2013.csv"),
        ("os.listdir('code')", "code"),
    ],
)
def test_what_only_the_project_has_is_noted_as_missed(kernel: Kernel, act: str, path: str) -> None:
    assert kernel.outcomes(act, act) == ["FileNotFoundError"] * 2
    assert kernel.journal() == [("missed", path)]


def test_what_nobody_has_is_not_noted(kernel: Kernel) -> None:
    acts = "open('data/nowhere.csv')", "open(root + '/data/nowhere.csv')"
    assert kernel.outcomes(*acts) == ["FileNotFoundError"] * 2
    assert kernel.journal() == []


def test_a_temporary_tree_with_the_name_of_an_input_can_be_deleted(kernel: Kernel) -> None:
    root = kernel.root / "in.csv"
    root.write_text("x", encoding="utf-8")
    limits = json.loads((kernel.root / "walls.json").read_text(encoding="utf-8"))
    limits["inputs"] = ["in.csv"]
    (kernel.root / "walls.json").write_text(json.dumps(limits), encoding="utf-8")
    acts = "os.mkdir('out/t')", "open('out/t/in.csv', 'w').close()", "shutil.rmtree('out/t')"
    assert kernel.outcomes(*acts) == ["done"] * 3
    assert kernel.journal() == []


def test_modules_are_looked_for_in_folders_that_may_not_be_listed(kernel: Kernel) -> None:
    act = "(sys.path.insert(0, root + '/data'), __import__('wave'))"
    assert kernel.outcomes(act) == ["done"]
    assert kernel.journal() == []
