"""The verbs that move an alias to a package: by evidence, and back."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stagebook.model import alias_moves, load_gate, package_source, registry, verification
from stagebook.model.alias_moves import AliasState, Move, Rollback
from stagebook.model.registry import Title
from stagebook.model.registry_address import RegistryAddress
from stagebook.project.errors import Exit, Problem
from stagebook.project.project import Project, without_credentials
from stagebook.project.settings import CompareSettings
from stagebook.workflow import model_comparison
from stagebook.workflow.log_replay import LogSource
from stagebook.workflow.model_comparison import ModelComparison

if TYPE_CHECKING:
    from stagebook.model.policy import Policy
    from stagebook.model.verification import VerificationReport
    from stagebook.workflow.deployment_tests import CheckReport

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A package that is to be promoted, and why.

    Attributes:
        source: Its folder, its archive or its address.
        name: The registered model's name; None for that of the address, or of the package.
        alias: The alias that shall point to it.
        data: The file, or the log and the labels, to compare on.
        reason: Why it is promoted; may be empty.
        uri: MLflow's address; None for that of the project.
    """

    source: str
    name: str | None
    alias: str
    data: Path | LogSource
    reason: str = ""
    uri: str | None = None


@dataclass(frozen=True, slots=True)
class Promotion:
    """What came of a candidate.

    Attributes:
        title: The registered model and the alias.
        digest: The package's digest.
        before: The version that the alias pointed to; None if it did not exist.
        package: What the load gate says.
        comparison: What the comparison with the champion gave; None without a champion.
        deployment: What the deployment test gave; None if the gate refused the package.
        problems: Why the alias was not moved.
        version: The version that the alias was moved to; None if it was not moved.
        is_champion: Whether the alias points to this package already.
        tracking_uri: MLflow's address, without credentials.
    """

    title: Title
    digest: str
    before: int | None
    package: "VerificationReport"
    comparison: ModelComparison | None
    deployment: "CheckReport | None"
    problems: tuple[Problem, ...]
    version: int | None
    is_champion: bool
    tracking_uri: str

    @property
    def exit_code(self) -> Exit:
        """12 if the package or its server is at fault, 15 if only the comparison is."""
        if not self.problems:
            return Exit.DONE
        fits = not self.package.refusals and (self.deployment is None or self.deployment.holds)
        return Exit.UNPROVEN if fits else Exit.UNFIT

    def as_json(self) -> dict[str, Any]:
        """This promotion as plain values."""
        return {
            "moved": self.version is not None,
            "name": self.title.name,
            "alias": self.title.alias,
            "version": self.version,
            "before": self.before,
            "digest": self.digest,
            "is_champion": self.is_champion,
            "package": verification.as_json(self.package),
            "comparison": self.comparison.as_json() if self.comparison else None,
            "deployment": self.deployment
            and [
                {"name": check.name, "holds": check.holds, "problem": check.problem}
                for check in self.deployment.checks
            ],
            "problems": [problem.as_json() for problem in self.problems],
            "tracking_uri": self.tracking_uri,
        }


def promote(
    candidate: Candidate, settings: CompareSettings, policy: "Policy", say: Say
) -> Promotion:
    """Lets an alias point to a package, if all evidence is for it; otherwise changes nothing.

    Args:
        candidate: The package.
        settings: The rule of the comparison.
        policy: What the package, and the champion, must satisfy.
        say: Called with the name of each step.

    Raises:
        StagebookError: The registry does not answer, the packages cannot be compared, or somebody
            else moved the alias meanwhile.
    """
    project = Project.around(Path.cwd())
    name = candidate.name or _registered_name(candidate.source)
    place = RegistryAddress.of(project, candidate.uri, name or "")
    policy = model_comparison.policy_for(candidate.source, policy)
    with package_source.opened(candidate.source, place) as folder:
        say("checking the package")
        strict = replace(policy, isolate="always")
        report = load_gate.pass_through(folder.resolve(), strict, here=False)
        title = Title.of(name or report.manifest.name, candidate.alias)
        place = RegistryAddress.of(project, candidate.uri, title.name)
        champion = alias_moves.state(place, title)
        steps = _Steps(candidate, settings, policy, say)
        promotion = steps.judge(report, place, title, champion)
        if promotion.problems or promotion.is_champion:
            return promotion
        say(f"moving {title.uri}")
        return _moved(promotion, candidate.reason, place, champion)


def _registered_name(source: str) -> str | None:
    """The name in the address of a registered version."""
    if not registry.is_uri(source):
        return None
    return re.split(r"[@/]", source.removeprefix(registry.URI), maxsplit=1)[0]


@dataclass(frozen=True, slots=True)
class _Steps:
    """The steps that gather evidence; the registry stays as it is."""

    candidate: Candidate
    settings: CompareSettings
    policy: "Policy"
    say: Say

    def judge(
        self, report: "VerificationReport", place: RegistryAddress, title: Title, now: AliasState
    ) -> Promotion:
        """All evidence for and against a package."""
        comparison, deployment = None, None
        is_champion = now.digest == report.manifest.digest and not report.refusals
        if not report.refusals and not is_champion:
            if now.version is not None:
                comparison = self._compare(report, place, title, now.version)
            self.say("testing a server")
            deployment = _deployment(report, self.policy)
        return Promotion(
            title,
            report.manifest.digest,
            now.version,
            report,
            comparison,
            deployment,
            tuple(_problems(report, comparison, deployment)),
            None,
            is_champion,
            without_credentials(place.uri),
        )

    def _compare(
        self, report: "VerificationReport", place: RegistryAddress, title: Title, version: int
    ) -> ModelComparison:
        self.say(f"comparing with version {version}")
        return model_comparison.compare(
            f"{registry.URI}{title.name}/{version}",
            str(report.folder),
            self.candidate.data,
            self.settings,
            self.policy,
            place,
        )


def _deployment(report: "VerificationReport", policy: "Policy") -> "CheckReport":
    from stagebook.serving.options import ServingOptions
    from stagebook.workflow import deployment_tests

    return deployment_tests.check(ServingOptions(str(report.folder), policy))


def _problems(
    report: "VerificationReport",
    comparison: ModelComparison | None,
    deployment: "CheckReport | None",
) -> Iterator[Problem]:
    yield from report.refusals
    for reason in comparison.result.reasons if comparison else ():
        hint = "See all differences: stagebook model compare"
        yield Problem("not-proven", reason, hint)
    for check in deployment.checks if deployment else ():
        if not check.holds:
            message = f"The server fails the check of {check.name}: {check.problem}"
            hint = "Test it alone: stagebook serve PACKAGE --check"
            yield Problem("deployment-fails", message, hint)


def _moved(
    promotion: Promotion, reason: str, place: RegistryAddress, champion: AliasState
) -> Promotion:
    title, left = promotion.title, champion.version
    alias_moves.require_unmoved(place, title, left)  # before a version is created for nothing
    registered = registry.register(promotion.package, Title(title.name), place)
    before = () if left is None else (left, *champion.before)
    verdict = _verdict(promotion.comparison)
    move = Move("promotion", reason, before, verdict)
    alias_moves.move(place, title, registered.version, left, move)
    return replace(promotion, version=registered.version)


def _verdict(comparison: ModelComparison | None) -> str:
    if comparison is None:
        return "no champion"
    result, deciding = comparison.result, comparison.result.deciding
    return f"{result.verdict.value} by {deciding.name}: {deciding.difference:+.6g}"


def rollback(
    name: str, alias: str, reason: str, uri: str | None, *, dry_run: bool = False
) -> Rollback:
    """Lets an alias point to the version before its last promotion.

    Args:
        name: The registered model.
        alias: The alias.
        reason: Why; may be empty.
        uri: MLflow's address; None for that of the project.
        dry_run: Whether to say only where the alias would point.

    Raises:
        StagebookError: No version before is known, or the registry does not answer.
    """
    title = Title.of(name, alias)
    place = RegistryAddress.of(Project.around(Path.cwd()), uri, title.name)
    if dry_run:
        return alias_moves.before(place, title)
    return alias_moves.roll_back(place, title, reason)
