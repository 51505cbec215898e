"""The stages that a build with targets covers."""

import posixpath
from collections.abc import Iterable, Mapping

from stagebook.pipeline.dvc_file import FILE
from stagebook.pipeline.nodes import Node, makers_of
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean


def select(nodes: Iterable[Node], targets: Iterable[str], folder: str = "") -> tuple[Node, ...]:
    """The stages that ``dvc repro`` covers: the targets, and all stages before them.

    Args:
        nodes: All stages.
        targets: Names of stages, or outputs of stages; without any, the stages of the root's
            ``dvc.yaml``.
        folder: The working folder from the root, in which paths of targets are looked for first.

    Raises:
        StagebookError: No stage has the name.
    """
    nodes = tuple(nodes)
    targets = tuple(targets)
    makers = makers_of(nodes)
    wanted = [node for target in targets for node in named(nodes, target, folder)]
    pending = wanted if targets else [node for node in nodes if node.is_of_root]
    names: dict[str, Node] = {}
    while pending:
        node = pending.pop()
        if node.name not in names:
            names[node.name] = node
            # DVC does not build what is before a frozen stage
            pending.extend(() if node.frozen else makers[node.name])
    return tuple(node for node in nodes if node.name in names)


def named(nodes: tuple[Node, ...], target: str, folder: str = "") -> tuple[Node, ...]:
    """The stages with a name, or the stage that writes an output.

    Args:
        nodes: All stages.
        target: The name or the output.
        folder: The working folder from the root, in which it is looked for first.

    Raises:
        StagebookError: No stage has the name.
    """
    for path in dict.fromkeys((posixpath.join(folder, target), target)):
        name = posixpath.normpath(path).removeprefix(f"{FILE}:")
        found = tuple(
            node
            for node in nodes
            # with `foreach` and `matrix`, the name before the @ stands for all
            if name in (node.name, node.name.partition("@")[0]) or name in node.outs
        )
        if found:
            return found
    known: Mapping[str, Node] = {node.name: node for node in nodes}
    raise StagebookError(
        Problem(
            "no-stage",
            f"There is no stage `{target}`.",
            did_you_mean(target, known, f"The stages are: {', '.join(known) or 'none'}."),
            Where(FILE),
        )
    )
