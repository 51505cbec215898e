"""The requirements of a package: distributions with versions, and nothing else that pip takes."""

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from stagebook.project.errors import Exit, Problem, StagebookError, Where

FILE = "requirements.txt"
_HINT = "Do not install it. Get the package again from where it was made, or recreate it."
_WHEEL = "Wheel-Version: 1.0\nGenerator: stagebook\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_FROM_METADATA = ("METADATA", "entry_points.txt")
_LONGEST = 500  # characters of a line


def parse(text: str) -> tuple[str, ...]:
    """The requirements in a text, as ``name==version``.

    A direct reference, an option, a path, an extra, a marker or a range is refused: it could make
    pip run code from elsewhere, or install what the package was not made with.

    Args:
        text: The text of ``requirements.txt``.

    Raises:
        StagebookError: A line is not ``name==version``.
    """
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1)]
    if problems := tuple(_problems(lines)):
        raise StagebookError(*problems, exit_code=Exit.UNFIT)
    return tuple(line for _, line in lines if line)


def _problems(lines: list[tuple[int, str]]) -> Iterator[Problem]:
    for number, line in lines:
        if line and not _is_pinned(line):
            message = f"`{line[:_LONGEST]}` does not have the form name==version."
            yield Problem("bad-requirement", message, _HINT, Where(FILE, line=number))


def _is_pinned(line: str) -> bool:
    """Whether a line is a name and one version, and nothing else."""
    try:
        requirement = Requirement(line) if len(line) <= _LONGEST else None
    except InvalidRequirement:
        return False
    if (
        requirement is None
        or requirement.url
        or requirement.extras
        or requirement.marker
        or len(requirement.specifier) != 1
    ):
        return False
    (item,) = requirement.specifier
    try:
        Version(item.version)
    except InvalidVersion:  # such as 1.*
        return False
    return item.operator == "==" and line.replace(" ", "") == f"{requirement.name}=={item.version}"


def pinned(name: str, version_text: str) -> str:
    """The requirement of a distribution with a version.

    Raises:
        StagebookError: It is not a version.
    """
    return f"{name}=={version(version_text, FILE)}"


def version(text: str, file: str) -> str:
    """A text that is a version.

    Raises:
        StagebookError: It is not.
    """
    try:
        Version(text)
    except (InvalidVersion, TypeError):
        message = f"{text!r} is not a version."
        problem = Problem("bad-requirement", message, _HINT, Where(file))
        raise StagebookError(problem, exit_code=Exit.UNFIT) from None
    return text


def write_running_wheel(folder: Path) -> Path:
    """Writes a wheel of the Stagebook that this process runs, which no index may have.

    See https://packaging.python.org/en/latest/specifications/binary-distribution-format/.

    Args:
        folder: The folder for the wheel.
    """
    version = metadata.version("stagebook")
    info = f"stagebook-{version}.dist-info"
    target = folder / f"stagebook-{version}-py3-none-any.whl"
    lines = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in (*_code_files(), *_info_files(info)):
            wheel.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(data)}\n")
        wheel.writestr(f"{info}/RECORD", "".join([*lines, f"{info}/RECORD,,\n"]))
    return target


def _code_files() -> Iterator[tuple[str, bytes]]:
    home = Path(__file__).parents[1]
    for path in sorted(home.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(home.parent).as_posix(), path.read_bytes()


def _info_files(folder: str) -> Iterator[tuple[str, bytes]]:
    yield f"{folder}/WHEEL", _WHEEL.encode()
    for name in _FROM_METADATA:
        if text := metadata.distribution("stagebook").read_text(name):
            yield f"{folder}/{name}", text.encode()
