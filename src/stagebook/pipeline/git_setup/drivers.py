"""The configuration of the drivers in a clone: which command strips, shows and merges."""

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stagebook.pipeline.git_command import run
from stagebook.pipeline.git_setup.attributes import LOCK, NOTEBOOK
from stagebook.pipeline.git_setup.environment import MODULE, has_stagebook, own_python

_CODE = r"^(# %%.*|[ \t]*(class|def|async def)[ \t].*)$"
_MERGED = (0, 3)
"""The exit codes of ``git_driver`` without and with conflicts."""


@dataclass(frozen=True, slots=True)
class GitSetting:
    """A setting of the clone before and after.

    Attributes:
        key: Its name.
        before: The present value; None if it is not set.
        after: The new value; None to remove it.
    """

    key: str
    before: str | None
    after: str | None

    def write(self, root: Path) -> None:
        """Writes it to the configuration that all worktrees of the clone share."""
        if self.after is None:
            run(root, "config", "--local", "--unset-all", self.key)
        else:
            run(root, "config", "--local", "--replace-all", self.key, self.after)


def changes(root: Path) -> tuple[GitSetting, ...]:
    """The settings that are missing, or whose command does not work."""
    found = (_changed(root, key, value) for key, value in _wanted(own_python()).items())
    return tuple(setting for setting in found if setting)


def removals(root: Path) -> tuple[GitSetting, ...]:
    """The removal of each setting that is there."""
    values = {key: _value(root, key) for key in _wanted(own_python())}
    return tuple(GitSetting(key, value, None) for key, value in values.items() if value is not None)


def is_configured(root: Path) -> bool:
    """Whether this clone has the driver of ``dvc.lock``, whether or not its command works."""
    return _value(root, f"merge.{LOCK}.driver") is not None


def _wanted(python: str) -> dict[str, str]:
    """Each setting with its value, by a path of Python."""
    call = f"{shlex.quote(python)} -P -m {MODULE}"
    in_template = call.replace("%", "%%")
    clean, conflicts = _MERGED
    by_lines = "git merge-file -q -L ours -L base -L theirs --marker-size=%L %A %O %B"
    return {
        f"filter.{NOTEBOOK}.clean": f"{in_template} strip",
        f"diff.{NOTEBOOK}.textconv": f'f() {{ {call} show "$1" || cat "$1"; }}; f',
        f"diff.{NOTEBOOK}.xfuncname": _CODE,
        f"merge.{LOCK}.name": "dvc.lock, stage by stage",
        # if the command fails, such as in an environment that is gone, git merges lines; it
        # would go on without a mark, as it would end a diff
        f"merge.{LOCK}.driver": (
            f"{in_template} merge-lock %A %O %B %L %X %Y; "
            f"case $? in {clean}) exit 0;; {conflicts}) exit 1;; esac; {by_lines}"
        ),
    }


def _changed(root: Path, key: str, value: str) -> GitSetting | None:
    before = _value(root, key)
    if before == value or (before is not None and _works_elsewhere(key, before)):
        return None
    return GitSetting(key, before, value)


def _value(root: Path, key: str) -> str | None:
    code, output = run(root, "config", "--local", "--get", key, accepted=(0, 1))
    return os.fsdecode(output.removesuffix(b"\n")) if code == 0 else None


def _works_elsewhere(key: str, value: str) -> bool:
    """Whether a value is this one of another environment, such as another worktree's."""
    return any(
        _wanted(python).get(key) == value and has_stagebook(python) for python in _pythons(value)
    )


def _pythons(value: str) -> Iterator[str]:
    match = re.match(rf"(?:f\(\) {{ )?(.*?) -P -m {re.escape(MODULE)} ", value)
    if match:
        with_signs = match[1].replace("%%", "%")
        for text in dict.fromkeys((match[1], with_signs)):
            yield from shlex.split(text)[:1]
