"""The project's Markdown pages: their blocks, their tables, and a reader who follows them.

A comment right above a fenced block says what a reader does with it:

- ``<!-- file: path -->``: the reader writes the block to that file.
- ``<!-- run -->``: the reader types what follows each ``$ `` and sees the lines below it. A line
  shown has to be a line of the output, in that order; ``…`` in it stands for any text, and a line
  of only ``…`` for any lines. Every command has to end with 0; ``<!-- run: exit 9 -->`` says
  another code.
- ``<!-- not run: reason -->``: the reason is that it ``opens`` something, or the test that runs it.
- ``<!-- cell -->``, ``<!-- shown -->``: a cell of an interactive kernel, and what appears below it.

``<!-- start: the tutorial's project -->`` anywhere on a page lets the reader begin where the
tutorial ends, and not in an empty folder.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
TUTORIAL = ROOT / "docs" / "tutorial.md"
START = "<!-- start: the tutorial's project -->"
SHELLS = ("console", "bash", "sh", "shell")

_COMMENT = re.compile(r"<!-- (.*) -->")
_FENCE = re.compile(r"```(\w*)")


@dataclass(frozen=True)
class Block:
    """One fenced block."""

    page: Path
    line: int
    language: str
    text: str
    comment: str

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks(page: Path) -> Iterator[Block]:
    """The fenced blocks of a page, each with the comment in the line above it."""
    language, start, inside, comment = "", 0, None, ""
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        fence = _FENCE.fullmatch(line)
        if inside is not None:
            if line == "```":
                yield Block(page, start, language, "".join(inside), comment)
                inside, comment = None, ""
            else:
                inside.append(f"{line}\n")
        elif fence:
            language, start, inside = fence[1], number, []
        else:
            told = _COMMENT.fullmatch(line)
            comment = told[1] if told else ""


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or of a higher one."""
    level = heading.index(" ")
    _, _, rest = text.partition(f"\n{heading}\n")
    assert rest, f"no heading {heading!r}"
    return re.split(rf"^#{{1,{level}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The rows of all tables in a text, without their heads; ``\\|`` is a bar in a cell."""
    found: list[list[str]] = []
    for line in text.splitlines():
        if not line.startswith("|"):
            continue
        cells = [one.strip() for one in re.split(r"(?<!\\)\|", line)[1:-1]]
        if set("".join(cells)) <= {"-"} and any(cells):
            found.pop()  # what stands above this line is the head
        else:
            found.append([one.replace("\\|", "|") for one in cells])
    return found


def code(cell: str) -> str:
    """What stands between the first pair of backticks in a cell; ``` `` ``` too."""
    match = re.search(r"``\s?(.+?)\s?``|`([^`]+)`", cell)
    assert match, f"no code in {cell!r}"
    return match[1] or match[2]


class Reader:
    """Follows a page in a folder, as a person would who reads it from top to bottom."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def follow(self, page: Path) -> None:
        for block in blocks(page):
            word, _, rest = block.comment.partition(": ")
            if word == "file":
                target = self.folder / rest
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(block.text, encoding="utf-8")
            elif word == "run":
                self._run(block, int(rest.removeprefix("exit ")) if rest else 0)

    def _run(self, block: Block, expected: int) -> None:
        for command, shown in commands(block.text):
            code, output = self.type(command)
            assert code == expected, f"{block.where}: `{command}` ended with {code}:\n{output}"
            missing = first_missing(shown, output)
            assert missing is None, f"{block.where}: `{command}` did not say {missing!r}:\n{output}"

    def type(self, command: str) -> tuple[int, str]:
        """Runs a command in the shell; a ``cd`` in it lasts."""
        script = f"{command}\ncode=$?\npwd >&3\nexit $code"
        read, write = os.pipe()
        with os.fdopen(read) as told:
            done = subprocess.run(
                ["bash", "-c", f"exec 3>&{write}\n{script}"],
                cwd=self.folder,
                env=environment(),
                pass_fds=[write],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            os.close(write)
            self.folder = Path(told.readline().rstrip("\n"))
        return done.returncode, done.stdout


def environment() -> dict[str, str]:
    """This environment without what would reach into a project, and with a git identity."""
    foreign = ("MLFLOW", "DVC", "PYTHONDONTWRITE", "STAGEBOOK", "GIT_")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", "Someone"), ("EMAIL", "someone@example.org"))
    }
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    quiet = {"DVC_NO_ANALYTICS": "1", "MLFLOW_DISABLE_TELEMETRY": "true", "COLUMNS": "200"}
    return {**inherited, **who, **quiet, "PATH": path}


def commands(text: str) -> Iterator[tuple[str, list[str]]]:
    """The commands in a block, each with the lines shown below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, *shown = part.splitlines()
        yield command, shown


def first_missing(shown: list[str], output: str) -> str | None:
    """The first line shown that the output does not have after the ones before it."""
    lines = iter(line.rstrip() for line in output.splitlines())
    for line in shown:
        if line.strip() in ("", "…"):
            continue
        pattern = re.compile(".*".join(map(re.escape, line.rstrip().split("…"))))
        if not any(pattern.fullmatch(one) for one in lines):
            return line
    return None
