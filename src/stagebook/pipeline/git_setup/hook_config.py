"""The entry in ``.pre-commit-config.yaml``, the configuration of the framework pre-commit."""

import json
import re
import shlex

from stagebook.pipeline import yaml_text
from stagebook.pipeline.git_setup import marked_lines

FILE = ".pre-commit-config.yaml"

_ITEM = re.compile(r"( *)- ")


def entry(folder: str) -> tuple[str, ...]:
    """The lines of the entry that checks a project.

    Args:
        folder: The project's root, from the top of the repository.
    """
    command = "stagebook sync --check"
    name = command if folder == "." else f"{command} in {folder}"
    if folder != ".":
        command = f"sh -c {shlex.quote(f'cd {shlex.quote(folder)} && exec {command}')}"
    return (
        "- repo: local",
        "  hooks:",
        "    - id: stagebook-sync",
        f"      name: {json.dumps(name, ensure_ascii=False)}",
        f"      entry: {json.dumps(command, ensure_ascii=False)}",
        "      language: system",
        "      pass_filenames: false",
        "      always_run: true",
    )


def with_entry(text: str, path: str, folder: str, title: str) -> str | None:
    """A configuration with the entry as the last of its list ``repos``.

    Args:
        text: The configuration; its other lines keep their bytes.
        path: Its path, for messages.
        folder: The project's root, from the top of the repository.
        title: The title of the entry's lines.

    Returns:
        The new text; None if ``repos`` is missing, empty, or not a list with an item per line.

    Raises:
        StagebookError: It is not valid YAML.
    """
    before = yaml_text.load(text, path, plain=True)
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if re.match(r"repos:\s*(#|$)", line)), None)
    if start is None or not isinstance(before, dict) or not before.get("repos"):
        return None
    indents = (match[1] for line in lines[start + 1 :] if (match := _ITEM.match(line)))
    after = marked_lines.insert(
        text, title, entry(folder), at=_end(lines, start + 1), indent=next(indents, "")
    )
    document = yaml_text.load(after, path, plain=True)
    expected = {**before, "repos": [*before["repos"], document["repos"][-1]]}
    return after if document == expected and document["repos"][-1] not in before["repos"] else None


def _end(lines: list[str], start: int) -> int:
    """The number of lines up to the end of the list; comments after it are not part of it."""
    end = start
    for at, line in enumerate(lines[start:], start=start + 1):
        if line.strip() and line[0] not in " #-":
            break
        if line.startswith("---"):
            break
        if line.strip() and not line.lstrip().startswith("#"):
            end = at
    return end
