"""A confined process touches what it was granted and nothing else, native code included."""

import json
import subprocess
import sys
from pathlib import Path

import folders
import pytest

from stagebook.execution import landlock, sandbox_policy
from stagebook.execution.declared_files import DeclaredFiles
from stagebook.execution.landlock import EVERYTHING, LIST, READ, Grant
from stagebook.execution.sandbox import Sandbox
from stagebook.execution.stamps import Alteration

needs_landlock = pytest.mark.skipif(not landlock.version(), reason="this kernel has no Landlock")

CONFINED = """
import json, os, subprocess, sys
from pathlib import Path
import pyarrow, pyarrow.parquet
from stagebook.execution.landlock import EVERYTHING, READ, Grant, restrict

folders = "/bin", "/usr", "/lib", "/lib64", "/etc", sys.prefix, sys.base_prefix
system = [*(Grant(path, READ) for path in folders), Grant("/dev/null", EVERYTHING)]
restrict([*system, *(Grant(path, rights) for path, rights in json.loads(sys.argv[1]))])
folder = Path(sys.argv[2])

def tried(act):
    try:
        act()
    except OSError as error:
        return type(error).__name__
    return "done"

print(json.dumps([tried(act) for act in eval(sys.argv[3])]))
"""


def outcomes(folder: Path, acts: str, *grants: Grant) -> list[str]:
    """What each of some actions comes to, in a process that has these grants and no others."""
    given = json.dumps([(one.path, one.rights) for one in grants])
    ran = subprocess.run(
        [sys.executable, "-c", CONFINED, given, str(folder), acts],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(ran.stdout))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = ("granted/a.csv", "granted/deep/b.csv", "other/c.csv")
    folders.write(tmp_path, dict.fromkeys(files, "x\n1\n"))
    return tmp_path


def table(path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), path)


@needs_landlock
def test_a_file_that_is_not_granted_cannot_be_read(folder: Path) -> None:
    acts = "[(folder / 'other/c.csv').read_text, lambda: os.listdir(folder / 'other')]"
    assert outcomes(folder, acts) == ["PermissionError", "PermissionError"]


@needs_landlock
def test_a_granted_file_can_be_read_and_its_neighbours_cannot(folder: Path) -> None:
    acts = "[(folder / 'granted/a.csv').read_text, (folder / 'granted/deep/b.csv').read_text]"
    grant = Grant(str(folder / "granted/a.csv"), READ)
    assert outcomes(folder, acts, grant) == ["done", "PermissionError"]


@needs_landlock
def test_a_granted_folder_can_be_read_all_the_way_down(folder: Path) -> None:
    acts = "[(folder / 'granted/deep/b.csv').read_text, lambda: os.listdir(folder / 'granted')]"
    assert outcomes(folder, acts, Grant(str(folder / "granted"), READ)) == ["done", "done"]


@needs_landlock
def test_native_code_is_held_too(folder: Path) -> None:
    table(folder / "granted" / "t.parquet")
    table(folder / "other" / "t.parquet")
    read = "lambda: pyarrow.parquet.read_table(folder / '{}/t.parquet')"
    acts = f"[{read.format('granted')}, {read.format('other')}, " + (
        "lambda: pyarrow.memory_map(str(folder / 'other/t.parquet'))]"
    )
    done = outcomes(folder, acts, Grant(str(folder / "granted"), READ))
    assert done == ["done", "PermissionError", "PermissionError"]


@needs_landlock
def test_a_child_process_is_held_too(folder: Path) -> None:
    cat = "lambda: subprocess.run(['cat', folder / '{}'], check=True, capture_output=True)"
    script = f"[{cat.format('granted/a.csv')}, {cat.format('other/c.csv')}]"
    with pytest.raises(subprocess.CalledProcessError) as caught:
        outcomes(folder, script, Grant(str(folder / "granted"), READ))
    assert "['cat'" in caught.value.stderr
    assert "other/c.csv" in caught.value.stderr
    only_granted = f"[{cat.format('granted/a.csv')}]"
    assert outcomes(folder, only_granted, Grant(str(folder / "granted"), READ)) == ["done"]


WRITES = """[
    lambda: (folder / 'granted/a.csv').write_text('y'),
    lambda: os.truncate(folder / 'granted/a.csv', 1),
    lambda: (folder / 'granted/new').mkdir(),
    lambda: (folder / 'granted/a.csv').rename(folder / 'granted/z.csv'),
    lambda: (folder / 'granted/deep/b.csv').unlink(),
]"""


@needs_landlock
def test_what_is_granted_to_read_cannot_be_changed(folder: Path) -> None:
    done = outcomes(folder, WRITES, Grant(str(folder / "granted"), READ))
    assert done == ["PermissionError"] * 5
    assert (folder / "granted/a.csv").read_text(encoding="utf-8") == "x\n1\n"


@needs_landlock
def test_what_is_granted_wholly_can_be_changed(folder: Path) -> None:
    assert outcomes(folder, WRITES, Grant(str(folder / "granted"), EVERYTHING)) == ["done"] * 5


@needs_landlock
def test_a_file_cannot_be_moved_out_of_what_is_granted(folder: Path) -> None:
    acts = "[lambda: os.rename(folder / 'granted/a.csv', folder / 'other/a.csv')]"
    (refused,) = outcomes(folder, acts, Grant(str(folder / "granted"), EVERYTHING))
    assert refused in ("PermissionError", "OSError")  # EACCES, or EXDEV where it cannot be linked
    assert (folder / "granted/a.csv").exists()


@needs_landlock
def test_a_listed_folder_shows_names_and_no_contents(folder: Path) -> None:
    acts = "[lambda: os.listdir(folder / 'granted'), (folder / 'granted/a.csv').read_text]"
    done = outcomes(folder, acts, Grant(str(folder / "granted"), LIST))
    assert done == ["done", "PermissionError"]


@needs_landlock
def test_a_link_opens_what_it_points_to_if_that_is_granted(folder: Path) -> None:
    (folder / "links").mkdir()
    for name in ("granted/a.csv", "other/c.csv"):
        (folder / "links" / Path(name).name).symlink_to(folder / name)
    acts = "[(folder / 'links/a.csv').read_text, (folder / 'links/c.csv').read_text]"
    grants = Grant(str(folder / "links"), EVERYTHING), Grant(str(folder / "granted"), READ)
    assert outcomes(folder, acts, *grants) == ["done", "PermissionError"]


@needs_landlock
def test_a_path_that_is_not_there_grants_nothing(folder: Path) -> None:
    acts = "[(folder / 'other/c.csv').read_text]"
    missing = Grant(str(folder / "missing"), EVERYTHING)
    assert outcomes(folder, acts, missing) == ["PermissionError"]


@needs_landlock
def test_this_process_is_free() -> None:
    assert Path(__file__).read_text(encoding="utf-8")


# Where there is none


def test_only_linux_has_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert landlock.version() == 0


def test_a_kernel_without_landlock_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    with pytest.raises(OSError, match="does not support"):
        landlock.restrict([])


def test_without_landlock_inputs_are_copies(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(landlock, "version", lambda: 0)
    assert not sandbox_policy.can_confine()
    inputs = ("granted", "other/c.csv")
    box = Sandbox.of(
        DeclaredFiles(folder), folder / ".stagebook" / "x", inputs, ("out/m.pkl",)
    ).lay()
    copy = box.files / "granted" / "deep" / "b.csv"
    copy.write_text("changed", encoding="utf-8")
    assert (folder / "granted/deep/b.csv").read_text(encoding="utf-8") == "x\n1\n"
    assert box.alterations() == {"granted": Alteration.REPLACED}


@needs_landlock
def test_with_landlock_inputs_are_links(folder: Path) -> None:
    box = Sandbox.of(DeclaredFiles(folder), folder / ".stagebook" / "x", ("other/c.csv",), ()).lay()
    assert (box.files / "other/c.csv").is_symlink()
