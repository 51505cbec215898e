"""The files of the project that an error's text names, since native readers report no more."""

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from stagebook.execution.sandbox import Sandbox
from stagebook.execution.spelling import PathNames

_ABOUT_A_FILE = re.compile(
    r"denied|no such file|not ?found|does not exist|errno|os error|non-existent|cannot open"
    r"|(failed|unable) to open|could not (be )?open|no files? found",
    re.IGNORECASE,
)
DENIED = re.compile(r"denied|errno 13|os error 13", re.IGNORECASE)
_REASON = re.compile(r":? permission denied.*", re.IGNORECASE)
_ABSENT = ": No such file or directory"
_PATTERN = re.compile(r"[*?\[]")
_NO_FOLDER = re.compile(r"non-existent directory: '([^'\n]+)'")
_END = re.compile(r"['\"`\n]")
QUOTED = re.compile(r"['\"`]([^'\"`\n]+)['\"`]")
_BARE = re.compile(r"[^\s'\"`:,()\[\]<>]+/[^\s'\"`:,()\[\]<>]+")
_PAUSE = re.compile(r"[\s.,;:)\]]")


@dataclass(frozen=True, slots=True)
class Mentions:
    """Reads the texts of errors in one sandbox.

    Attributes:
        sandbox: The sandbox.
        names: The names of its files in the project.
        absent: Files that Python looked for and that do not exist anywhere.
        code: The cell that failed.
    """

    sandbox: Sandbox
    names: PathNames
    absent: frozenset[str]
    code: str = ""

    def touched(self, text: str) -> Iterator[tuple[str, str]]:
        """Pairs of a kind and a path that a native reader or writer was refused or did not find."""
        if not _ABOUT_A_FILE.search(text):
            return
        if folder := _NO_FOLDER.search(text):  # pandas names the folder alone
            yield self._written_into(folder[1])
            return
        yield from self._touched(text, denied=bool(DENIED.search(text)))

    def _written_into(self, folder: str) -> tuple[str, str]:
        """The file that the cell tried to write into a folder, or else that folder."""
        files = {text for text in texts_in(self.code) if PurePath(text).parent == PurePath(folder)}
        if len(files) == 1:
            file = files.pop()
            return "wrote", self._name(file) or file
        name = self._name(folder) or folder
        return ("wrote into" if (self.sandbox.root / name).is_dir() else "wrote"), name

    def printed(self, text: str) -> Iterator[tuple[str, str]]:
        """The same pairs from the output of a cell, such as errors of other programs.

        Only lines count that report a denied access, or a missing file of the project.
        """
        for line in text.splitlines():
            if DENIED.search(line) and str(self.sandbox.root) in line:
                yield from self._touched(_REASON.sub("", line), denied=True)
            elif _ABSENT in line:
                entries = self._touched(line.partition(_ABSENT)[0], denied=False)
                yield from (item for item in entries if item[0] == "read")

    def _touched(self, text: str, *, denied: bool) -> Iterator[tuple[str, str]]:
        for path in self._paths(text):
            if _PATTERN.search(path) and not denied:
                yield "searched", path
            elif kind := self._kind(path, denied=denied):
                yield kind, path

    def _kind(self, path: str, *, denied: bool) -> str | None:
        if any(_is_below(path, output) for output in self.sandbox.outputs):
            return None
        if any(_is_below(path, input_) for input_ in self.sandbox.inputs):
            return "changed" if denied else None
        if (self.sandbox.root / path).exists():
            return "read"
        if denied:
            return "wrote"
        no_folder = not (self.sandbox.files / path).parent.exists()
        return "wrote" if no_folder and path not in self.absent else None

    def _paths(self, text: str) -> Iterator[str]:
        """The paths in a text, relative to the project's root."""
        text = text.replace("'~/", f"'{Path.home()}/")
        for base in (f"{self.sandbox.files}/", f"{self.sandbox.root}/"):
            pieces = text.split(base)
            text = pieces[0] + "".join(_END.split(piece, maxsplit=1)[-1] for piece in pieces[1:])
            for piece in pieces[1:]:
                path = _longest(_END.split(piece, maxsplit=1)[0], self.sandbox.root)
                yield self._name(base + path) or path
        for quoted in QUOTED.findall(text):
            text = text.replace(quoted, " ")
            yield from self._relative(quoted)
        for word in _BARE.findall(text):
            yield from self._relative(word)

    def _relative(self, word: str) -> Iterator[str]:
        """A word as a path, if its file or its folder exists."""
        name, root = self._name(word), self.sandbox.root
        beside = self.names.beside(self._absolute(word))
        if name and ((root / name).exists() or ("/" in word and _fixed(root / name).is_dir())):
            yield name
        elif beside and (root / beside).is_file():
            yield beside

    def _name(self, path: str) -> str | None:
        absolute = self._absolute(path)
        name = self.names.of(absolute) or self.names.of(os.path.realpath(absolute))
        return self.sandbox.declared.declared(name) if name else None

    def _absolute(self, path: str) -> str:
        return os.path.normpath(self.sandbox.files / path)


def texts_in(code: str) -> Iterator[str]:
    """The literal texts in a cell; empty if it is not valid Python."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _fixed(path: Path) -> Path:
    """The folder that holds a path; of a pattern, the last folder before it."""
    return next(parent for parent in path.parents if not _PATTERN.search(str(parent)))


def _is_below(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)


def _longest(text: str, root: Path) -> str:
    """The longest beginning of a text that is an existing file; the whole text if none is."""
    cuts = [len(text), *(match.start() for match in reversed(list(_PAUSE.finditer(text))))]
    return next((text[:cut] for cut in cuts if (root / text[:cut]).is_file()), text)
