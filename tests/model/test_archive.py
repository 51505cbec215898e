"""What an archive may hold, and that nothing is written before all of it is checked."""

import gzip
import io
import json
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from stagebook.model import archive, manifest
from stagebook.project.errors import StagebookError

Change = Callable[[tarfile.TarFile], None]


def add(name: str, data: bytes = b"x", kind: bytes = tarfile.REGTYPE, to: str = "") -> Change:
    """Adds a member."""

    def change(tar: tarfile.TarFile) -> None:
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname, entry.size = kind, to, len(data)
        tar.addfile(entry, io.BytesIO(data))

    return change


def sparse(tar: tarfile.TarFile) -> None:
    """Adds a file of a terabyte that has no bytes in the archive."""
    entry = tarfile.TarInfo("tall/MLmodel")
    entry.pax_headers = {
        "GNU.sparse.major": "0",
        "GNU.sparse.minor": "1",
        "GNU.sparse.size": str(10**12),
        "GNU.sparse.map": "0,0",
    }
    tar.addfile(entry)


def chain(tar: tarfile.TarFile) -> None:
    """Links that lead beyond the longest path, as in CVE-2025-4517."""
    part, steps = "d" * 247, "abcdefghijklmnop"
    path = ""
    for step in steps:
        add(f"{path}{part}", kind=tarfile.DIRTYPE, data=b"")(tar)
        add(f"{path}{step}", kind=tarfile.SYMTYPE, to=part, data=b"")(tar)
        path += f"{part}/"
    long = "/".join(steps) + "/" + "l" * 254
    add(long, kind=tarfile.SYMTYPE, to="../" * len(steps), data=b"")(tar)
    add("escape", kind=tarfile.SYMTYPE, to=f"{long}/../../../outside", data=b"")(tar)
    add("escape/evil", b"evil")(tar)


@pytest.fixture(scope="session")
def packed(original: Path) -> bytes:
    return archive.pack(original / "tall", original / "tall.tar").read_bytes()


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder for temporary folders, in which nothing may be left."""
    folder = tmp_path / "deep" / "scratch"
    folder.mkdir(parents=True)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    yield folder
    assert list(folder.iterdir()) == []
    assert not list(tmp_path.rglob("*evil*"))
    assert not list(tmp_path.rglob("outside*"))


def rewritten(packed: bytes, target: Path, *changes: Change, without: str = "") -> Path:
    """An archive with the members of another one, and more."""
    with (
        tarfile.open(fileobj=io.BytesIO(packed)) as source,
        tarfile.open(target, "w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for member in source.getmembers():
            if member.name != without:
                tar.addfile(member, source.extractfile(member))
        for change in changes:
            change(tar)
    return target


def test_an_archive_of_pack_opens_with_the_same_bytes(
    packed: bytes, original: Path, scratch: Path
) -> None:
    file = scratch.parent / "tall.tar"
    file.write_bytes(packed)
    with archive.opened(file) as folder:
        found = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert found == {path.name: path.read_bytes() for path in (original / "tall").iterdir()}


@pytest.mark.parametrize(
    "change",
    [
        add("../evil"),
        add("tall/../../evil"),
        add("/tmp/evil"),
        add("tall//evil"),
        add("tall/./evil"),
        add("tall\\..\\evil"),
        add("tall/sub/evil"),
        add("evil"),
        add("other/evil"),
        add("tall/evil.pkl"),
        add("tall/MODEL_CARD.md"),
        add("tall/model_card.md"),
        add("tall.intoto.json.evil"),
        add("tall/link", kind=tarfile.SYMTYPE, to="/etc/passwd", data=b""),
        add("tall/link", kind=tarfile.LNKTYPE, to="tall/MLmodel", data=b""),
        add("tall/fifo", kind=tarfile.FIFOTYPE, data=b""),
        add("tall/device", kind=tarfile.CHRTYPE, data=b""),
        add("tall/device", kind=tarfile.BLKTYPE, data=b""),
        add("tall/whole", kind=tarfile.CONTTYPE, data=b""),
        add("tall.sig", b" " * 16_000_001),
        sparse,
        chain,
    ],
)
def test_a_member_that_pack_never_writes_is_refused_before_a_byte_is_written(
    packed: bytes, scratch: Path, change: Change
) -> None:
    file = rewritten(packed, scratch.parent / "tall.tar", change)
    with pytest.raises(StagebookError) as caught, archive.opened(file):
        pass
    assert [one.code for one in caught.value.problems] == ["no-package"]


def test_a_file_with_more_bytes_than_the_manifest_says_is_refused(
    packed: bytes, scratch: Path
) -> None:
    file = scratch.parent / "tall.tar"
    rewritten(packed, file, add("tall/MLmodel", b"x" * 100_000), without="tall/MLmodel")
    with pytest.raises(StagebookError, match="100000") as caught, archive.opened(file):
        pass
    assert [problem.code for problem in caught.value.problems] == ["no-package"]


def test_many_members_are_refused(packed: bytes, scratch: Path) -> None:
    adds = [add(f"tall/{number}") for number in range(2000)]
    file = rewritten(packed, scratch.parent / "tall.tar", *adds)
    with pytest.raises(StagebookError, match=r"\b100\b") as caught, archive.opened(file):
        pass
    assert [problem.code for problem in caught.value.problems] == ["no-package"]


@pytest.mark.parametrize("kind", ["gz", "garbage", "cut", "empty", "two"])
def test_what_is_not_one_package_is_refused(packed: bytes, scratch: Path, kind: str) -> None:
    file = scratch.parent / "tall.tar"
    if kind == "two":
        rewritten(packed, file, add("other/package.json"))
    else:
        texts = {"gz": gzip.compress(packed), "garbage": b"x" * 2000, "cut": packed[:3000]}
        file.write_bytes(texts.get(kind, b""))
    with pytest.raises(StagebookError) as caught, archive.opened(file):
        pass
    assert [one.code for one in caught.value.problems] == ["no-package"]


def test_a_header_of_gigabytes_is_refused_unread(packed: bytes, scratch: Path) -> None:
    entry = tarfile.TarInfo("tall")
    entry.type, entry.size = tarfile.XHDTYPE, 3_000_000_000
    file = scratch.parent / "tall.tar"
    file.write_bytes(entry.tobuf())
    with pytest.raises(StagebookError, match="header") as caught, archive.opened(file):
        pass
    assert [problem.code for problem in caught.value.problems] == ["no-package"]


# Limits


@pytest.mark.parametrize("kind", ["entries", "deep", "large"])
def test_a_manifest_out_of_bounds_is_refused(packaged: Path, kind: str) -> None:
    file = packaged / manifest.FILE
    values = json.loads(file.read_text())
    if kind == "entries":
        entry = values["files"]["MLmodel"]
        values["files"] = {f"{number:06}": entry for number in range(20_000)}
        text = json.dumps(values, indent=1, ensure_ascii=False) + "\n"
    else:
        text = "[" * 200_000 if kind == "deep" else " " * (manifest.LARGEST + 1)
    file.write_text(text)
    with pytest.raises(StagebookError) as caught:
        manifest.read(packaged)
    assert [one.code for one in caught.value.problems] == ["no-package"]
