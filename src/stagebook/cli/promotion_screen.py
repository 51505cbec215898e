"""Promotions and rollbacks in the terminal."""

from typing import TYPE_CHECKING, Any

from rich.text import Text

from stagebook.cli import model_screen, paired_screen, screen
from stagebook.cli.printed import Screen
from stagebook.project.text import counted

if TYPE_CHECKING:
    from stagebook.model.alias_moves import Rollback
    from stagebook.workflow.promoting import Promotion

_out = Screen()
_err = Screen(stderr=True)


def step(words: str) -> None:
    """Prints the current step to standard error."""
    _err.print(Text(f"  {words}", "dim"))


silent = model_screen.silent


def promoted(promotion: "Promotion") -> None:
    """Prints the evidence in short, and whether the alias moved; problems on standard error."""
    if promotion.package.refusals:
        model_screen.show(promotion.package)  # with the problems
    elif not promotion.is_champion:
        _evidence(promotion)
    title = promotion.title
    if promotion.is_champion:
        _out.print(f"{title.uri} is this package already: version {promotion.before}.")
    elif promotion.version is not None:
        left = f" (before: version {promotion.before})" if promotion.before else ""
        words = f"✓ {title.uri} is version {promotion.version}{left}"
        _out.print(Text(words, "green"), soft_wrap=True)
    else:
        # the verdict above has the reasons of the comparison
        if not promotion.package.refusals:
            screen.problems(each for each in promotion.problems if each.code != "not-proven")
        here = f"still version {promotion.before}" if promotion.before else "still not set"
        _out.print(Text(f"✗ Nothing changed: {title.uri} is {here}.", "bold red"))
    _out.print(Text(f"  in {promotion.tracking_uri}", "dim"), soft_wrap=True)


def _evidence(promotion: "Promotion") -> None:
    report = promotion.package
    checks = counted(len(report.checks), "check")
    name = report.manifest.name
    _out.print(Text.assemble((name, "bold"), f"  {promotion.digest[:16]}"))
    _out.print(Text.assemble(("✓ ", "green"), f"the package: {checks}, none refuses it"))
    if promotion.comparison:
        paired_screen.verdict(promotion.comparison.result)
    else:
        _out.print(Text.assemble(("- ", "dim"), "no champion to compare with"))
    if promotion.deployment:
        failed = sum(not check.holds for check in promotion.deployment.checks)
        mark = ("✗ ", "bold red") if failed else ("✓ ", "green")
        count = counted(len(promotion.deployment.checks), "check")
        _out.print(Text.assemble(mark, f"a server of it: {count}, {failed} failed"))


def rolled_back(rolled: "Rollback") -> None:
    """Prints where an alias points after a rollback, or would point."""
    if not rolled.moved:
        words = f"{rolled.title.uri} would be version {rolled.version} (now: version {rolled.left})"
        _out.print(Text(words), soft_wrap=True)
        return
    words = f"✓ {rolled.title.uri} is version {rolled.version} (before: version {rolled.left})"
    _out.print(Text(words, "green"), soft_wrap=True)


def rolled_back_as_json(rolled: "Rollback") -> dict[str, Any]:
    """A rollback as plain values."""
    return {
        "name": rolled.title.name,
        "alias": rolled.title.alias,
        "version": rolled.version,
        "left": rolled.left,
        "digest": rolled.digest,
        "moved": rolled.moved,
    }
