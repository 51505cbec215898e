"""Every command in the pages is typed by a reader, in a real project with real kernels."""

import ast
import itertools
import json
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from markdown_pages import (
    PAGES,
    ROOT,
    SHELLS,
    START,
    TUTORIAL,
    Block,
    Reader,
    blocks,
    commands,
    environment,
    first_missing,
    rows,
)
from ruamel.yaml import YAML

WORDS = ("file", "run", "not run", "cell", "shown", "signature", "keys of")
ALL = [block for page in PAGES for block in blocks(page)]
FOLLOWED = [
    page
    for page in PAGES
    if page != TUTORIAL and any(one.comment.startswith("run") for one in blocks(page))
]


@pytest.fixture(scope="module")
def tutorial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project at the end of the tutorial; never changed, only copied."""
    reader = Reader(tmp_path_factory.mktemp("tutorial"))
    reader.follow(TUTORIAL)
    return reader.folder


@pytest.fixture
def tutorial_copy(tutorial: Path, tmp_path: Path) -> Path:
    shutil.copytree(tutorial, tmp_path / tutorial.name, symlinks=True)
    return tmp_path / tutorial.name


def test_the_tutorial_can_be_followed(tutorial: Path) -> None:
    assert (tutorial / "runs" / "count.html").is_file()


@pytest.mark.parametrize("page", FOLLOWED, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_can_be_followed(page: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    starts_late = START in page.read_text(encoding="utf-8")
    Reader(request.getfixturevalue("tutorial_copy") if starts_late else tmp_path).follow(page)


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.where)
def test_every_block_says_what_a_reader_does_with_it(block: Block) -> None:
    word, _, rest = block.comment.partition(": ")
    assert word in ("", *WORDS), f"unknown comment {block.comment!r}"
    if block.language not in SHELLS:
        return
    assert word in ("run", "not run", "file"), "a shell block is run, or says why not"
    if word == "run":
        assert list(commands(block.text)), "no line starts with `$ `"
        assert re.fullmatch(r"(exit \d+)?", rest)
    if word == "not run":
        named = re.findall(r"tests/[\w/]+\.py", rest)
        assert named or rest.startswith("opens "), "name the test that runs it"
        assert all((ROOT / path).is_file() for path in named), f"no such test: {named}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_comment_about_a_block_is_right_above_one(page: Path) -> None:
    comments = re.findall(
        rf"^<!-- (?:{'|'.join(WORDS)})\b.*", page.read_text("utf-8"), re.MULTILINE
    )
    assert len(comments) == len([block for block in blocks(page) if block.comment])


def shape(value: object) -> object:
    """What keys a value has, to any depth; of a list, its first item's."""
    if isinstance(value, dict):
        return {key: shape(one) for key, one in value.items()}
    return [shape(one) for one in value[:1]] if isinstance(value, list) else None


KEYS = [one for one in ALL if one.comment.startswith("keys of: stagebook")]
FREE = ("parameters", "distributions", "metrics", "headline", "data", "modules", "packages")
"""Keys whose value has the names of a project, and not ours."""


def without_free(value: object) -> object:
    if isinstance(value, dict):
        return {key: None if key in FREE else without_free(one) for key, one in value.items()}
    return [without_free(one) for one in value] if isinstance(value, list) else value


NO_TRACKER = "MLFLOW_TRACKING_URI=http://127.0.0.1:9"


@pytest.fixture(scope="module")
def printed(tutorial: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What the commands with ``--json`` print, one after the other, in one project."""
    folder = tmp_path_factory.mktemp("json") / tutorial.name
    shutil.copytree(tutorial, folder, symlinks=True)
    reader = Reader(folder)
    typed = {
        "stagebook trace metrics/count.json --json": "git add -A; git commit -qm all;"
        " (dvc repro -q -f -s throw; stagebook deliver) > said.txt 2>&1;"
        " stagebook trace metrics/count.json --json",
        "stagebook run count --json": f"{NO_TRACKER} stagebook run count --json",
        "stagebook deliver --json": "stagebook deliver --json",
        "stagebook sync --check --json": "rm notebooks/count.py; stagebook sync --check --json",
    }
    told = [block.comment.removeprefix("keys of: ") for block in KEYS]
    return {one: reader.type(typed.get(one, one))[1] for one in sorted(told, key=_late)}


def _late(command: str) -> tuple[str, ...]:
    """Sorts what needs or makes a change after what does not."""
    first = ("plan", "verify", "summary", "log", "compare", "gate", "warm", "setup-git", "trace")
    order = (*first, "repro", "run", "deliver", "sync")
    return (f"{order.index(command.split()[1]):02}", command)


@pytest.mark.parametrize("block", KEYS, ids=lambda block: block.comment.partition(": ")[2])
def test_json_has_the_keys_that_are_shown(block: Block, printed: dict[str, str]) -> None:
    shown = json.loads(block.text)
    real = json.loads(printed[block.comment.removeprefix("keys of: ")])
    named = [one for one in (real, real.get("stages")) if isinstance(one, dict)]
    for records in named:
        records.update({key: {} for key in records if key in ("record", "throw", "count")})
    assert without_free(shape(shown)) == without_free(shape(real))


def test_a_record_has_the_keys_that_are_shown(tutorial: Path) -> None:
    [block] = [one for one in ALL if one.comment == "keys of: record"]
    # the first was made before there was a commit
    files = sorted((tutorial / ".stagebook" / "records").glob("*-count-*.json"))
    real = json.loads(files[1].read_text(encoding="utf-8"))
    shown = json.loads(block.text)
    assert shape(shown) == shape(real)
    assert {one["origin"] for one in real["parameters"]} == {"params file"}


def test_the_fields_of_a_record_are_explained() -> None:
    page = ROOT / "docs/reference/record.md"
    [block] = [one for one in blocks(page) if one.comment == "keys of: record"]
    first = " ".join(row[0] for row in rows(page.read_text(encoding="utf-8")))
    assert set(json.loads(block.text)) <= set(re.findall(r"`([a-z_]+)`", first))


CELLS = """
import json, sys
from jupyter_client.manager import start_new_kernel

def show(message):
    content = message["content"]
    print(content.get("text") or content.get("data", {}).get("text/plain", ""))

manager, client = start_new_kernel()
for cell in json.load(sys.stdin):
    print("\\0", end="")
    client.execute_interactive(cell, allow_stdin=True, output_hook=show)
client.stop_channels()
manager.shutdown_kernel()
"""


def test_cells_show_what_is_shown_in_an_interactive_kernel(tutorial_copy: Path) -> None:
    page = [one for one in ALL if one.comment in ("cell", "shown")]
    cells = [one for one in page if one.comment == "cell"]
    done = subprocess.run(
        [sys.executable, "-c", CELLS],
        cwd=tutorial_copy / "notebooks",
        env={
            **environment(),
            "JPY_SESSION_NAME": str(tutorial_copy / "notebooks/throw.py"),
            "JUPYTER_RUNTIME_DIR": str(tutorial_copy.parent / "runtime"),
        },
        input=json.dumps([one.text for one in cells]),
        capture_output=True,
        text=True,
        check=True,
    )
    outputs = dict(zip(cells, done.stdout.split("\0")[1:], strict=True))
    for before, block in itertools.pairwise(page):
        if block.comment == "shown":
            missing = first_missing(block.text.splitlines(), outputs[before])
            assert missing is None, f"{block.where}: {missing!r} is not in:\n{outputs[before]}"


PARSERS: dict[str, Callable[[str], object]] = {
    "python": ast.parse,
    "toml": tomllib.loads,
    "yaml": YAML(typ="safe").load,
    "json": json.loads,
}


@pytest.mark.parametrize(
    "block", [one for one in ALL if one.language in PARSERS], ids=lambda block: block.where
)
def test_every_block_of_a_language_is_valid_in_it(block: Block) -> None:
    PARSERS[block.language](block.text)


def test_a_line_that_is_shown_has_to_be_in_the_output() -> None:
    output = "one\ntook 1.5 s\nthree\n"
    assert first_missing(["one", "took … s", "…", "three"], output) is None
    assert first_missing(["three", "one"], output) == "one"
    assert first_missing(["on"], output) == "on"


def test_a_reader_notices_a_wrong_exit_code_and_a_wrong_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for comment, command, fails in (
        ("run", "false", True),
        ("run", "echo a\nb", True),
        ("run: exit 3", "exit 3", False),
        ("run", "mkdir inner && cd inner\n$ test $(basename $PWD) = inner", False),
    ):
        page.write_text(f"<!-- {comment} -->\n```console\n$ {command}\n```\n")
        [block] = blocks(page)
        reader = Reader(tmp_path)
        # the page lies outside the project, whose name `where` would give
        object.__setattr__(block, "page", ROOT / "page.md")
        expected = int(comment[-1]) if "exit" in comment else 0
        if fails:
            with pytest.raises(AssertionError, match=r"page\.md:2"):
                reader._run(block, expected)
        else:
            reader._run(block, expected)
