"""The hook that checks ``dvc.yaml`` before each commit: a script, or an entry for pre-commit."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

from stagebook.pipeline.change import FileChange
from stagebook.pipeline.git_setup import hook_config, marked_lines
from stagebook.pipeline.git_setup.environment import has_stagebook, own_python
from stagebook.pipeline.git_setup.places import GitPlaces
from stagebook.project.errors import Problem, Where

COMMAND = "stagebook sync --check"
_SHEBANG = "#!/bin/sh\n"
_PYTHON = re.compile(r"^elif \[ -x (.*) \]; then$", re.MULTILINE)
_FRAMEWORK = re.compile(r"pre-commit\.com|pre_commit|pre-commit run|\bprek\b")
_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "ksh")


def changes(places: GitPlaces) -> tuple[FileChange, ...]:
    """The change that makes git call the check, where Stagebook may make it.

    A repository with a configuration of pre-commit gets an entry there. Otherwise, a hook that is
    a shell script gets the check as its first lines. The folder of ``core.hooksPath`` and hooks in
    other languages are left to the person.
    """
    config = places.top / hook_config.FILE
    if config.is_file():
        change = _entry(places, config)
        return (change,) if change and change.needed else ()
    script = places.hooks / "pre-commit"
    text = _text(script)
    if _is_called(text, places) or not _may_change(places, script, text):
        return ()
    after = marked_lines.insert(
        text or _SHEBANG, _title(places), _check(places, own_python()), at=1
    )
    return (FileChange(places.relative(script), text, after),)


def problems(places: GitPlaces) -> Iterator[Problem]:
    """What a person has to do so that git calls the check."""
    script, config = places.hooks / "pre-commit", places.top / hook_config.FILE
    text = _text(script)
    if config.is_file():
        where = Where(places.relative(config))
        if (change := _entry(places, config)) is None:
            message = (
                f"The file has no list `repos` with an item per line, so it lacks `{COMMAND}`."
            )
            lines = "\n".join(hook_config.entry(places.folder))
            yield Problem("hook-by-hand", message, f"Add to `repos`:\n{lines}", where)
        elif not change.needed and not _FRAMEWORK.search(text):
            message = f"Git does not call pre-commit, so a commit is made without `{COMMAND}`."
            yield Problem("pre-commit-not-installed", message, "Run: pre-commit install", where)
    elif not _is_called(text, places) and not _may_change(places, script, text):
        message = f"The hook does not call `{COMMAND}`, and it is not Stagebook's to change."
        hint = f"Add to the hook: {_call(places, 'stagebook')}"
        yield Problem("hook-by-hand", message, hint, Where(places.relative(script)))


def removals(places: GitPlaces) -> tuple[FileChange, ...]:
    """The files without what ``changes`` adds; a hook of which nothing is left gets no text."""
    script, config = places.hooks / "pre-commit", places.top / hook_config.FILE
    before = _text(script)
    after = marked_lines.remove(before, _title(places))
    files = [FileChange(places.relative(script), before, "" if after == _SHEBANG else after)]
    if config.is_file():
        text = _text(config)
        without = marked_lines.remove(text, _title(places))
        files.append(FileChange(places.relative(config), text, without))
    return tuple(change for change in files if change.needed)


def _entry(places: GitPlaces, config: Path) -> FileChange | None:
    """The entry for pre-commit; None if the configuration has another layout."""
    text, path = _text(config), places.relative(config)
    if _is_called(text, places):
        return FileChange(path, text, text)
    after = hook_config.with_entry(text, path, places.folder, _title(places))
    return FileChange(path, text, after) if after is not None else None


def _text(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape") if path.is_file() else ""


def _is_called(text: str, places: GitPlaces) -> bool:
    """Whether a hook calls the check in the folder of this project, as anybody may write it."""
    if marked_lines.has(text, _title(places)):
        return _has_entry(places) or any(
            marked_lines.insert(text, _title(places), _check(places, python)) == text
            and has_stagebook(python)
            for match in _PYTHON.finditer(text)
            for python in shlex.split(match[1])
        )
    own_text = marked_lines.remove_all(text)  # those are other projects' lines
    calls = [line for line in own_text.splitlines() if COMMAND in line and line.lstrip()[:1] != "#"]
    return any(places.folder == "." or places.folder in line for line in calls)


def _has_entry(places: GitPlaces) -> bool:
    """Whether the lines may be the entry for pre-commit, which names no Python."""
    return (places.top / hook_config.FILE).is_file()


def _may_change(places: GitPlaces, script: Path, text: str) -> bool:
    """Whether the hook is missing, or is an active shell script of this repository alone."""
    if places.own_hooks or script.is_symlink():
        return False
    if not script.exists():
        return True
    words = text.splitlines()[0].removeprefix("#!").split() if text.startswith("#!") else []
    names = {Path(word).name for word in words[:2]}
    return bool(names.intersection(_SHELLS)) and os.access(script, os.X_OK)


def _title(places: GitPlaces) -> str:
    if places.folder == ".":
        return marked_lines.TITLE
    return f"{marked_lines.TITLE} in {places.folder}"


def _check(places: GitPlaces, own: str) -> tuple[str, ...]:
    """The lines of the hook: a branch without the project, or a lost environment, stops nobody."""
    python, settings = shlex.quote(own), shlex.quote(f"{places.folder}/pyproject.toml")
    call = _call(places, f"{python} -P -m stagebook")
    return (
        f"if ! grep -qs 'tool\\.stagebook' {settings}; then :",
        f"elif [ -x {python} ]; then",
        f"    {call} || exit",
        "else",
        "    echo 'The environment of stagebook is gone. Run: stagebook setup-git' >&2",
        "fi",
    )


def _call(places: GitPlaces, program: str) -> str:
    return f"(cd {shlex.quote(places.folder)} && {program} sync --check)"
