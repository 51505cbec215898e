"""A package with what lies beside it, as one file to hand over."""

import contextlib
import io
import shutil
import tarfile
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from stagebook.model import attestation, manifest, signing
from stagebook.project.errors import Problem, StagebookError, Where

SUFFIX = ".tar"


def pack(folder: Path, target: Path) -> Path:
    """Writes a package, its attestation and its signature into one archive.

    The same files give the same archive.

    Args:
        folder: The package.
        target: The archive.

    Raises:
        StagebookError: The folder is not a package, or the archive cannot be written.
    """
    package_manifest = manifest.read(folder)
    if target.is_relative_to(folder):
        message = "The archive must not be inside the package."
        raise StagebookError(
            Problem("not-written", message, "Name another file: --to FILE", Where(str(target)))
        )
    inside = [folder / path for path in (*package_manifest.files, manifest.FILE)]
    beside = [path_of(folder) for path_of in _BESIDE]
    files = sorted([*inside, *(path for path in beside if path.is_file())])
    near = target.with_name(f".{target.name}.new")
    try:
        with tarfile.open(near, "w", format=tarfile.PAX_FORMAT) as archive:
            for path in files:
                _add(archive, path.relative_to(folder.parent).as_posix(), path)
        near.replace(target)
    except OSError as error:
        message = f"The archive could not be written: {error.strerror}."
        hint = "Check the path and the permissions of its folder."
        raise StagebookError(Problem("not-written", message, hint, Where(str(target)))) from None
    finally:
        with contextlib.suppress(OSError):
            near.unlink(missing_ok=True)
    return target


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    data = path.read_bytes()
    entry = tarfile.TarInfo(name)  # of nobody, at no time
    entry.size, entry.mode = len(data), 0o644
    archive.addfile(entry, io.BytesIO(data))


_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE)
_COPIED = 1 << 20  # bytes at a time


@contextlib.contextmanager
def opened(path: Path) -> Iterator[Path]:
    """The folder of a package that is given as a folder, or as an archive of ``pack``.

    An archive is unpacked into a temporary folder, which is removed afterwards. It is read member
    by member: ``tarfile`` parses headers and extracts nothing, because its filters have been
    bypassed (CVE-2025-4517).

    Raises:
        StagebookError: The archive cannot be read, or holds something that ``pack`` never writes.
    """
    if not path.is_file():
        yield path
        return
    with tempfile.TemporaryDirectory() as name:
        try:
            # "r:" reads no compressed archive, so no member is larger than the archive itself
            with (
                path.open("rb") as file,
                tarfile.open(mode="r:", fileobj=cast(IO[bytes], _Portions(file))) as archive,
            ):
                folder = _unpack(archive, path, Path(name))
        except (tarfile.TarError, OSError, ValueError, ArithmeticError, RecursionError) as error:
            raise _refused(path, f"The archive cannot be read: {error}", _HINT) from None
        yield folder


_HINT = (
    "Name a folder that `stagebook.package` wrote, or an archive that `stagebook model pack` "
    "wrote. Decompress a compressed archive first: gunzip FILE"
)


@dataclass(frozen=True, slots=True)
class _Portions:
    """A file that is read in portions: ``tarfile`` reads an extended header as one.

    Attributes:
        file: The file.
    """

    file: IO[bytes]

    def read(self, size: int) -> bytes:
        """At most so many bytes."""
        if not 0 <= size <= _LARGEST_PORTION:
            raise tarfile.ReadError(f"a header of {size} bytes is too large")
        return self.file.read(size)

    def seek(self, place: int) -> int:
        """Goes to a place, counted from the start."""
        return self.file.seek(place)

    def tell(self) -> int:
        """The place."""
        return self.file.tell()


_LARGEST_PORTION = 8_000_000  # bytes


def _unpack(archive: tarfile.TarFile, path: Path, into: Path) -> Path:
    """Writes an archive's files into a folder, after all of them are checked."""
    members = _members(archive, path)
    tops = [name.parts[0] for name in members if name.name == manifest.FILE]
    if len(tops) != 1:
        raise _refused(path, f"The archive contains {len(tops)} packages; expected 1.", _HINT)
    folder = PurePosixPath(tops[0])
    _require_expected(archive, path, folder, members)
    for name, member in members.items():
        target = into / name
        target.parent.mkdir(exist_ok=True)
        with _data(archive, member) as source, target.open("xb") as file:
            shutil.copyfileobj(source, file, _COPIED)
            if file.tell() != member.size:
                raise tarfile.ReadError(f"{name} is cut off")
    return into / folder


def _members(archive: tarfile.TarFile, path: Path) -> dict[PurePosixPath, tarfile.TarInfo]:
    """The regular files of an archive by their names; folders are only checked."""
    members: dict[PurePosixPath, tarfile.TarInfo] = {}
    seen: set[str] = set()
    for count, member in enumerate(iter(archive.next, None), 1):
        if count > _MOST_MEMBERS:
            raise _refused(path, f"The archive has more than {_MOST_MEMBERS} members.")
        name = _name(member, path)
        # one file to a file system that ignores case, or that composes letters
        folded = unicodedata.normalize("NFC", name.as_posix()).casefold()
        if folded in seen:
            raise _refused(path, f"The archive contains `{name}` twice.")
        seen.add(folded)
        if not member.isdir():
            members[name] = member
    return members


def _name(member: tarfile.TarInfo, path: Path) -> PurePosixPath:
    """The name of a member that is a regular file or a folder."""
    regular = member.type in _REGULAR and not member.issparse()
    if not (regular or member.type == tarfile.DIRTYPE):
        raise _refused(path, f"`{member.name}` is neither a regular file nor a folder.")
    parts = member.name.split("/")
    strange = {"", ".", ".."} & set(parts) or "\\" in member.name or "\0" in member.name
    if strange or len(parts) > _DEEPEST or member.size < 0:
        raise _refused(path, f"`{member.name}` is not a valid file name in a package.")
    return PurePosixPath(member.name)


def _require_expected(
    archive: tarfile.TarFile,
    path: Path,
    folder: PurePosixPath,
    members: Mapping[PurePosixPath, tarfile.TarInfo],
) -> None:
    """Raises where an archive holds a file, or bytes, that the package's manifest does not name."""
    with _data(archive, members[folder / manifest.FILE]) as file:
        text = file.read(manifest.LARGEST + 1)
    entries = manifest.parse(text, str(path)).files
    most = {folder / name: entry.size for name, entry in entries.items()}
    most |= {folder / name: manifest.LARGEST for name in manifest.BESIDE}
    most |= {PurePosixPath(path_of(Path(folder)).name): _LARGEST_BESIDE for path_of in _BESIDE}
    for name, member in members.items():
        if name not in most:
            raise _refused(
                path, f"The archive contains `{name}`, which does not belong to the package."
            )
        if member.size > most[name]:
            message = f"`{name}` is {member.size} bytes long; at most {most[name]} are allowed."
            raise _refused(path, message)


_BESIDE = (attestation.path_of, *signing.SIGNATURES)
_LARGEST_BESIDE = 16_000_000  # bytes
_MOST_MEMBERS = 100  # several times the files of a package
_DEEPEST = 2  # a folder and a file in it


def _data(archive: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    file = archive.extractfile(member)
    if file is None:
        raise tarfile.ReadError(f"{member.name} has no data")
    return file


def _refused(path: Path, message: str, hint: str = manifest.GET_ANOTHER) -> StagebookError:
    return StagebookError(Problem("no-package", message, hint, Where(str(path))))
