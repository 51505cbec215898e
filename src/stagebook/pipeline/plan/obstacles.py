"""What keeps DVC from starting the next build, or from finishing it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from stagebook.pipeline.nodes import Node, meet
from stagebook.pipeline.plan.findings import is_remote
from stagebook.pipeline.plan.present import Present
from stagebook.pipeline.stage import is_source
from stagebook.project.errors import Problem, Where

_FILE = "dvc.yaml"


def find(nodes: Iterable[Node], chosen: Iterable[Node], present: Present) -> tuple[Problem, ...]:
    """What DVC refuses, or fails at.

    Args:
        nodes: All stages and files that DVC tracks; DVC checks the outputs of all of them.
        chosen: The stages that the build covers.
        present: What the project has now.
    """
    nodes = tuple(nodes)
    problems = [*_claimed(nodes), *(item for node in nodes for item in _read_and_written(node))]
    written = _Written(nodes)
    for node in chosen:
        if node.frozen:
            problems.extend(_frozen(node, present))
        elif node.name not in present.running:
            problems.extend(_missing(node, present, written))
            problems.extend(_params(node, present, written))
    return tuple(problems)


class _Written:
    """The paths that stages write."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._paths = {path for node in nodes for path in node.outs}
        self._above = {str(above) for path in self._paths for above in PurePosixPath(path).parents}

    def meets(self, path: str) -> bool:
        """Whether a stage writes a path, a folder above it, or something in it."""
        parents = map(str, PurePosixPath(path).parents)
        return path in self._paths or path in self._above or not self._paths.isdisjoint(parents)


def _claimed(nodes: tuple[Node, ...]) -> Iterator[Problem]:
    """Outputs of two stages that are the same path, or one of which lies in the other."""
    makers: dict[str, list[str]] = defaultdict(list)
    for node in nodes:
        for path in dict.fromkeys(node.outs):
            makers[path].append(node.name)
    for path, names in makers.items():
        if len(names) > 1:
            yield _problem(
                "claimed-twice",
                f"The stages {' and '.join(names)} both write `{path}`.",
                "Let only one of them write it.",
            )
        for above in map(str, PurePosixPath(path).parents):
            for other in makers.get(above, ()):
                yield _problem(
                    "claimed-twice",
                    f"The stage {names[0]} writes `{path}`, which lies in `{above}` of {other}.",
                    "Let the stages write to separate folders.",
                )


def _read_and_written(node: Node) -> Iterator[Problem]:
    for dep in node.deps:
        for out in node.outs:
            if meet(dep, out):
                yield _problem(
                    "in-and-out",
                    f"The stage {node.name} reads `{dep}` and writes `{out}`.",
                    "Let it write to another path.",
                )


def _frozen(node: Node, present: Present) -> Iterator[Problem]:
    for path in node.outs:
        if present.files.md5(path) is None and not is_remote(path):
            yield _problem(
                "output-missing",
                f"The output `{path}` of the frozen stage {node.name} is missing.",
                f"Run: dvc checkout {path}   or: dvc unfreeze {node.name}",
            )


def _missing(node: Node, present: Present, written: _Written) -> Iterator[Problem]:
    for path in node.deps:
        if is_remote(path) or is_source(path) or written.meets(path):
            continue
        if present.files.md5(path) is None:
            reason = present.files.unreadable(path)
            state = f"cannot be read: {reason}" if reason else "is missing, and no stage writes it"
            yield _problem(
                "input-missing",
                f"The input `{path}` of the stage {node.name} {state}.",
                "Correct the file." if reason else f"Create it, or run: dvc pull {path}",
            )


def _params(node: Node, present: Present, written: _Written) -> Iterator[Problem]:
    for file, keys in node.keys.items():
        if written.meets(file):
            continue
        state = present.params[node.name, file]
        absent = [key for key in keys if key not in (state.values or {})]
        if state.values is None:
            what = f"cannot be read: {state.reason.rstrip('.')}" if state.reason else "is missing"
        elif absent and not any(set("*?[]") & set(key) for key in absent):
            what = f"has no value of {', '.join(absent)}"
        else:
            continue
        yield Problem(
            "params-missing",
            f"The params file `{file}` of the stage {node.name} {what}.",
            "Correct the file, or the entry `params` of the stage.",
            Where(file),
        )


def _problem(code: str, message: str, hint: str) -> Problem:
    return Problem(code, message, hint, Where(_FILE))
