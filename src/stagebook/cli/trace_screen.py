"""A trace in the terminal: a tree whose root is the query."""

from collections.abc import Iterable, Iterator

from rich.text import Text
from rich.tree import Tree

from stagebook.cli.printed import Screen, put
from stagebook.history.lineage.graph import Activity, Entity, Trace
from stagebook.report import lineage_words as words

MOST = 4
"""Largest number of metrics to show for each execution."""

_GUIDE = "bright_black"
_out = Screen()
_err = Screen(stderr=True)


def show(trace: Trace) -> None:
    """Prints a trace, with notes on standard error."""
    for note in (*trace.query.notes, *trace.notes):
        _err.print(Text.assemble(("note ", "yellow"), note))
    for tree in trees(trace):
        put(_out, tree)


def trees(trace: Trace) -> Iterator[Tree]:
    """One tree for each file or execution of the query."""
    plant = _Down(trace) if trace.down else _Up(trace)
    for making in trace.makings:
        if making.id in trace.query.makings:
            yield plant.making(making)
    for file in trace.query.artefacts:
        yield plant.file(file)


class _Up:
    """Shows below each file what it was made from; nothing is shown twice."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._makers = trace, trace.makers
        self._shown: set[str] = set()

    def making(self, making: Activity) -> Tree:
        tree = Tree(_lines(making), guide_style=_GUIDE)
        self._shown.add(making.id)
        self._grow(tree, making.inputs)
        return tree

    def file(self, file: Entity) -> Tree:
        tree = Tree("", guide_style=_GUIDE)
        self._fill(tree, file)
        return tree

    def _grow(self, tree: Tree, files: Iterable[Entity]) -> None:
        for file in files:
            self._fill(tree.add(""), file)

    def _fill(self, tree: Tree, file: Entity) -> None:
        making = self._makers.get(file)
        if making is None:
            self._fill_unmade(tree, file)
        elif making.id in self._shown:
            tree.label = _file(file, f"from {making.stage}, as above")
        else:
            self._shown.add(making.id)
            tree.label = Text("\n").join([_file(file), _lines(making)])
            self._grow(tree, making.inputs)

    def _fill_unmade(self, tree: Tree, file: Entity) -> None:
        """A file without an execution of its own: raw, part of a folder, or a folder of parts."""
        folders = [entity for entity, part in self._trace.folders if part == file]
        parts = [part for entity, part in self._trace.folders if entity == file]
        dvc = (self._trace.tracked or {}).get(file)
        if folders:
            tree.label = _file(file, "part of a folder that is one output")
        elif parts:
            tree.label = _file(file, "a folder of files that are separate outputs")
        else:
            tree.label = _file(file, f"raw, tracked by {dvc}" if dvc else "raw")
        self._grow(tree, folders or parts)


class _Down:
    """Shows below each file the executions that read it, and below these what they wrote."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._shown: set[str] = set()

    def making(self, making: Activity) -> Tree:
        tree = Tree("", guide_style=_GUIDE)
        self._fill_making(tree, making)
        return tree

    def file(self, file: Entity) -> Tree:
        tree = Tree("", guide_style=_GUIDE)
        self._fill(tree, file)
        return tree

    def _fill(self, tree: Tree, file: Entity) -> None:
        readers = [activity for activity in self._trace.makings if file in activity.inputs]
        related = [part for folder, part in self._trace.folders if folder == file]
        related += [folder for folder, part in self._trace.folders if part == file]
        nothing = file in self._trace.query.artefacts and not (readers or related)
        tree.label = _file(file, "no execution read this file" if nothing else "")
        for making in readers:
            self._fill_making(tree.add(""), making)
        for other in related:
            others = [activity for activity in self._trace.makings if other in activity.inputs]
            branch = tree.add(
                _file(other, "contains the file" if file.path > other.path else "in the folder")
            )
            for making in others:
                self._fill_making(branch.add(""), making)

    def _fill_making(self, tree: Tree, making: Activity) -> None:
        if making.id in self._shown:
            tree.label = Text.assemble((making.stage, "bold"), (" as above", "dim"))
            return
        self._shown.add(making.id)
        tree.label = _title(making)
        for file in making.outputs:
            self._fill(tree.add(""), file)


def _file(file: Entity, remark: str = "") -> Text:
    shown = Text.assemble((words.name(file), "bold cyan"), " ", (words.short(file.md5), "dim"))
    return shown.append(f"  {remark}", "dim") if remark else shown


def _title(making: Activity) -> Text:
    style = "yellow" if making.executed == "elsewhere" else ""
    return Text.assemble((making.stage, "bold"), (f": {words.headline(making)}", style))


def _lines(making: Activity) -> Text:
    lines = [_title(making)]
    lines.extend(
        Text.assemble((f"{label} ", "dim"), text) for label, text in words.facts(making, MOST)
    )
    return Text("\n").join(lines)
