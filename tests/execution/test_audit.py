"""Python code in a kernel is refused what its stage does not declare, and that is noted."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from stagebook.execution import journal
from stagebook.execution.journal import CLOSED
from stagebook.execution.sandbox_policy import SandboxPolicy

AUDITED = """
import json, os, pathlib, shutil, sqlite3, subprocess, sys, tempfile
from stagebook.execution import absences, audit, journal
from stagebook.execution.sandbox_policy import SandboxPolicy

policy = SandboxPolicy.read(sys.argv[1])
os.chdir(policy.files)
root = policy.root
reader, evidence = journal.Journal.open()
kept = journal.keep(reader, pathlib.Path(policy.journal))
absences.install(audit.install(policy, evidence))

def tried(act):
    try:
        act()
    except (OSError, RuntimeError, sqlite3.Error) as error:
        return type(error).__name__
    return "done"

answers = [tried(act) for act in eval(sys.argv[2])]
evidence.close()
kept.join()
sys.stdout.write(json.dumps(answers))
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
            [sys.executable, "-c", AUDITED, str(self.root / "policy.json"), script],
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
        return list(journal.read(self.files.parent / "journal.jsonl"))


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
    SandboxPolicy(
        root=str(root),
        files=str(files),
        writable=(str(files), str(own)),
        readable=(str(root / "data/in.csv"), str(root / "deep"), str(root / "code/m.py")),
        listed=(str(root / "code"),),
        inputs=("data/in.csv", "deep"),
        outputs=("out",),
        home="notebooks",
        journal=str(files.parent / "journal.jsonl"),
        memory_limit=None,
        lock=str(own / "lock"),
        ending=str(own / "ending"),
    ).write(root / "policy.json")
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
        "open('out/m.pkl', 'w')",
        "open('anything', 'x')",
        "os.mkdir('out/folder')",
        "os.mkdir(root + '/figures')",
        "os.makedirs(root + '/data/raw', exist_ok=True)",
        "os.makedirs('../reports', exist_ok=True)",
        "pathlib.Path('deep/new').mkdir(exist_ok=True)",
        "os.path.exists(root + '/data/secret.csv')",
        "os.path.exists('out/last.csv')",
        "os.listdir('out')",
        "os.makedirs('new/folder')",
        "(open('out/a', 'w').close(), os.rename('out/a', 'out/b'), os.remove('out/b'))",
        "os.symlink('data/in.csv', 'out/link')",
        "tempfile.TemporaryFile()",
        "open('../../../../../outside.csv').read()",
        "open('../../../../../outside.csv', 'a')",
        "open(root + '/code/m.py').read()",
        "open(0)",
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


def test_what_nobody_has_is_noted_as_absent(kernel: Kernel) -> None:
    acts = "open('data/nowhere.csv')", "open(root + '/data/nowhere.csv')"
    assert kernel.outcomes(*acts) == ["FileNotFoundError"] * 2
    assert kernel.journal() == [("absent", "data/nowhere.csv")]


def test_a_temporary_tree_with_the_name_of_an_input_can_be_deleted(kernel: Kernel) -> None:
    root = kernel.root / "in.csv"
    root.write_text("x", encoding="utf-8")
    limits = json.loads((kernel.root / "policy.json").read_text(encoding="utf-8"))
    limits["inputs"] = ["in.csv"]
    (kernel.root / "policy.json").write_text(json.dumps(limits), encoding="utf-8")
    acts = "os.mkdir('out/t')", "open('out/t/in.csv', 'w').close()", "shutil.rmtree('out/t')"
    assert kernel.outcomes(*acts) == ["done"] * 3
    assert kernel.journal() == []


def test_modules_are_looked_for_in_folders_that_may_not_be_listed(kernel: Kernel) -> None:
    act = "(sys.path.insert(0, root + '/data'), __import__('wave'))"
    assert kernel.outcomes(act) == ["done"]
    assert kernel.journal() == []


@pytest.mark.parametrize(
    ("act", "entry"),
    [
        ("os.listdir()", ("listed", ".")),
        ("os.listdir('data')", ("listed", "data")),
        ("list(pathlib.Path('data').iterdir())", ("listed", "data")),
        ("list(os.walk('data'))", ("listed", "data")),
        ("os.scandir(b'data')", ("listed", "data")),
        ("os.listdir(os.open('data', os.O_RDONLY))", ("listed", "data")),
        ("list(os.fwalk('data'))", ("listed", "data")),
        ("__import__('glob').glob('*.csv', root_dir='data')", ("searched", "data/*.csv")),
        (
            "__import__('glob').glob('*.csv', dir_fd=os.open('data', os.O_RDONLY))",
            ("searched", "data/*.csv"),
        ),
        ("__import__('sqlite3').connect('data/secret.csv')", ("database", "data/secret.csv")),
        (
            "__import__('sqlite3').connect('file:data/secret.csv?mode=rwc', uri=True)",
            ("database", "data/secret.csv"),
        ),
        ("__import__('glob').glob('data/*.csv')", ("searched", "data/*.csv")),
        ("__import__('glob').glob('**/x.csv', recursive=True)", ("searched", "**/x.csv")),
        ("list(pathlib.Path('data').glob('*.csv'))", ("searched", "data/*.csv")),
        ("list(pathlib.Path('.').rglob('*.csv'))", ("searched", "**/*.csv")),
        ("os.path.exists('data/secret.csv')", ("asked", "data/secret.csv")),
        ("os.path.isfile('data/secret.csv')", ("asked", "data/secret.csv")),
        ("pathlib.Path('data/secret.csv').exists()", ("asked", "data/secret.csv")),
        ("pathlib.Path('data/secret.csv').is_file()", ("asked", "data/secret.csv")),
        ("os.access('data/secret.csv', os.R_OK)", ("asked", "data/secret.csv")),
        ("os.path.exists('../data/secret.csv')", ("asked", "data/secret.csv")),
    ],
)
def test_a_question_that_the_project_may_answer_otherwise_is_noted(
    kernel: Kernel, act: str, entry: tuple[str, str]
) -> None:
    assert kernel.outcomes(act) == ["done"]
    assert kernel.journal() == [entry]


@pytest.mark.parametrize(
    ("act", "error", "entry"),
    [
        ("open('../data/secret.csv')", "FileNotFoundError", ("missed", "data/secret.csv")),
        (
            "os.stat('secret.csv', dir_fd=os.open('data', os.O_RDONLY))",
            "FileNotFoundError",
            ("asked", "data/secret.csv"),
        ),
        (
            "__import__('sqlite3').connect(root + '/data/secret.csv')",
            "PermissionError",
            ("read", "data/secret.csv"),
        ),
        (
            "os.link(root + '/data/secret.csv', 'out/l')",
            "PermissionError",
            ("read", "data/secret.csv"),
        ),
        ("os.utime('data/in.csv')", "PermissionError", ("changed", "data/in.csv")),
        ("os.chown('data/in.csv', 0, 0)", "PermissionError", ("changed", "data/in.csv")),
        ("open('beside.csv')", "FileNotFoundError", ("beside", "notebooks/beside.csv")),
        ("open('../new.csv', 'w')", "PermissionError", ("wrote", "new.csv")),
        ("open('figures/x.png', 'w')", "FileNotFoundError", ("homeless", "figures/x.png")),
        ("open(link + '/data/secret.csv')", "PermissionError", ("read", "data/secret.csv")),
        ("open(link + '/data/in.csv', 'a')", "PermissionError", ("changed", "data/in.csv")),
        (
            "(os.symlink(root + '/data/secret.csv', 'out/l'), open('out/l'))",
            "PermissionError",
            ("read", "data/secret.csv"),
        ),
    ],
)
def test_a_file_has_its_name_in_the_project_however_its_path_is_spelt(
    kernel: Kernel, act: str, error: str, entry: tuple[str, str]
) -> None:
    (kernel.root / "notebooks").mkdir()
    (kernel.root / "notebooks/beside.csv").write_text("x", encoding="utf-8")
    link = kernel.root.parent / "link"
    link.symlink_to(kernel.root)
    assert kernel.outcomes(act.replace("link +", f"{str(link)!r} +")) == [error]
    assert kernel.journal() == [entry]


@pytest.mark.parametrize(
    ("act", "entry"),
    [
        ("subprocess.run(['test', '-f', root + '/data/secret.csv'])", ("read", "data/secret.csv")),
        ("os.system('test -f ' + root + '/data/secret.csv')", ("read", "data/secret.csv")),
        ("os.system('echo x >' + root + '/new.csv')", ("wrote", "new.csv")),
    ],
)
def test_what_another_program_is_told_to_use_is_noted(
    kernel: Kernel, act: str, entry: tuple[str, str]
) -> None:
    assert kernel.outcomes(act) == ["done"]
    assert kernel.journal() == [entry]


def test_bytecode_of_the_project_is_neither_read_nor_left(kernel: Kernel) -> None:
    (kernel.root / "code/__pycache__/m.pyc").write_text("x", encoding="utf-8")
    path = "root + '/code/__pycache__/m.pyc'"
    assert kernel.outcomes(f"open({path})", f"open({path}, 'w')") == ["PermissionError"] * 2
    assert kernel.outcomes("open('code/__pycache__/m.pyc')") == ["FileNotFoundError"]
    assert kernel.journal() == []


@pytest.mark.parametrize(
    "act",
    [
        "__import__('glob').glob(os.path.dirname(root) + '/.g*')",
        "list(os.walk(os.path.dirname(root)))",
        "list(pathlib.Path(root).parent.rglob('*.csv'))",
    ],
)
def test_a_search_in_a_folder_that_holds_the_project_raises(kernel: Kernel, act: str) -> None:
    assert kernel.outcomes(act) == ["ClosedFolderError"]
    assert kernel.journal()[-1] == ("closed", str(kernel.root.parent))


def test_a_database_that_is_made_or_in_memory_is_free(kernel: Kernel) -> None:
    acts = ("out/new.db", ":memory:", "file::memory:?cache=shared", "file:x?mode=memory")
    databases = [f"__import__('sqlite3').connect({act!r}, uri=True)" for act in acts]
    assert kernel.outcomes(*databases) == ["done"] * 4
    assert kernel.journal() == []


def test_a_folder_that_is_deleted_is_not_listed(kernel: Kernel) -> None:
    (kernel.root / "figures").mkdir()
    (kernel.root / "figures/old.png").touch()
    assert kernel.outcomes("os.mkdir('figures')", "shutil.rmtree('figures')") == ["done"] * 2
    assert kernel.journal() == []


def test_what_a_kernel_writes_to_its_way_to_the_guard_is_no_entry(kernel: Kernel) -> None:
    swallowed = "tried(lambda: open(root + '/data/secret.csv'))"
    kernel.outcomes("os.write(200, b'{')", swallowed, "os.write(200, b'\\xff\\n[]\\n')")
    assert {kind for kind, _ in kernel.journal()} == {journal.DAMAGED}


def test_a_kernel_that_closes_its_way_to_the_guard_ends_at_its_next_refusal(
    kernel: Kernel,
) -> None:
    with pytest.raises(subprocess.CalledProcessError) as failed:
        kernel.outcomes("os.closerange(3, 1000)", "open(root + '/data/secret.csv')")
    assert failed.value.returncode == CLOSED


@pytest.mark.parametrize(
    ("database", "noted"),
    [
        ("../data/secret.csv", ("database", "data/secret.csv")),
        ("file:../data/secret.csv?mode=ro", ("database", "data/secret.csv")),
        ("{root}/data/secret.csv", ("read", "data/secret.csv")),
        ("../data/new.db", ("wrote", "data/new.db")),
        ("data/in.csv", None),
        ("out/new.db", None),
        (":memory:", None),
        ("file::memory:?cache=shared", None),
        ("", None),
    ],
)
def test_sqlite_opens_only_what_is_declared(
    kernel: Kernel, database: str, noted: tuple[str, str] | None
) -> None:
    text = database.format(root=kernel.root)
    kernel.outcomes(f"sqlite3.connect({text!r}, uri={text.startswith('file:')})")
    entries = [one for one in kernel.journal() if one[0] != "absent"]
    assert entries == ([noted] if noted else [])


def test_a_program_that_is_told_a_file_which_the_sandbox_lacks_is_noted(kernel: Kernel) -> None:
    line = "cat data/secret.csv; cat ../data/secret.csv"
    kernel.outcomes(
        f"subprocess.run({line!r}, shell=True, capture_output=True)",
        "subprocess.run(['cat', 'data/in.csv', 'nowhere/x'], capture_output=True)",
    )
    assert kernel.journal() == [("asked", "data/secret.csv")]
