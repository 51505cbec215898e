"""The screen of ``stagebook setup-git``."""

from stagebook.cli import screen
from stagebook.cli.printed import Screen
from stagebook.pipeline.git_setup.git_setup import GitSetup
from stagebook.project.errors import Problem

_out = Screen()


def show(setup: GitSetup, *, check: bool, remove: bool) -> None:
    """Prints what is written, or would be, and what is left for the person.

    Args:
        setup: The setup.
        check: Whether nothing was written.
        remove: Whether it was removed.
    """
    for change in setup.files:
        _out.print(change.diff(), markup=False, end="")
    for setting in setup.settings:
        value = "" if setting.after is None else f" = {setting.after}"
        _out.print(f"{'-' if setting.after is None else '+'} {setting.key}{value}", markup=False)
    screen.problems(setup.problems, warning=not check)
    if check and setup.changes:
        message = "Git is not set up for this project."
        screen.problems([Problem("git-not-set-up", message, "Run: stagebook setup-git")])
    elif remove:
        _out.print("Removed." if setup.changes else "Nothing to remove.")
    elif setup.changes:
        _out.print("Written. Commit .gitattributes, and run this once in each clone.")
    elif not setup.problems:
        _out.print("Git is set up.")
