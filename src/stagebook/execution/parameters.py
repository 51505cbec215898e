"""A stage's parameters, resolved: default < params file < override, each with its origin."""

import datetime
import enum
from collections.abc import Mapping
from dataclasses import dataclass

from stagebook.notebook.literals import from_text
from stagebook.notebook.signature import Parameter, Signature
from stagebook.notebook.values import MismatchError, Value, fit, same
from stagebook.pipeline.params_file import ParamsFile
from stagebook.project.errors import Problem, StagebookError, Where, did_you_mean


class ValueOrigin(enum.Enum):
    """Where a value comes from."""

    DEFAULT = "default"
    PARAMS = "params file"
    OVERRIDE = "override"


@dataclass(frozen=True, slots=True)
class ResolvedParameter:
    """One parameter with its value.

    Attributes:
        name: The variable.
        value: The value in the run.
        origin: Where the value is from.
        default: The value in the parameters cell.
        help: The trailing comment.
    """

    name: str
    value: Value
    origin: ValueOrigin
    default: Value
    help: str = ""

    @property
    def differs(self) -> bool:
        """Whether the value is not the default."""
        return not same(self.value, self.default)


def resolve(
    signature: Signature, file: ParamsFile, overrides: Mapping[str, str]
) -> tuple[ResolvedParameter, ...]:
    """Each parameter of a signature with its value, in the order of the cell.

    Args:
        signature: What the notebook declares.
        file: The stage's params file.
        overrides: Values given with ``-P``, as text.

    Raises:
        StagebookError: Unknown names, values of a wrong type, values that are missing; all of
            them at once.
    """
    known = [parameter.name for parameter in signature.parameters]
    declared = {declaration.name: declaration for declaration in signature.declared}
    problems = [
        _unknown(name, known, name in declared, Where(file.path, line=file.lines.get(name)))
        for name in file.values
        if name not in known
    ]
    problems += [
        _unknown(name, known, name in declared, Where(f"-P {name}"))
        for name in overrides
        if name not in known
    ]
    resolved = []
    for parameter in signature.parameters:
        try:
            resolved.append(_resolve_one(parameter, file, overrides, signature.where))
        except StagebookError as error:
            problems.extend(error.problems)
    if problems:
        raise StagebookError(*problems)
    return tuple(resolved)


def _resolve_one(
    parameter: Parameter, file: ParamsFile, overrides: Mapping[str, str], cell: Where
) -> ResolvedParameter:
    name, line = parameter.name, file.lines.get(parameter.name)
    where = Where(file.path, line=line)
    try:
        value, origin = parameter.default, ValueOrigin.DEFAULT
        if name in file.values:
            value, origin = fit(file.values[name], parameter.type), ValueOrigin.PARAMS
        if name in overrides:
            where = Where(f"-P {name}")
            value, origin = from_text(overrides[name], parameter.type), ValueOrigin.OVERRIDE
    except MismatchError as error:
        declared = Where(cell.file, cell.cell, parameter.line)
        message = f"`{name}`: {error}."
        hint = f"`{name}` is declared as `{parameter.type}` in {declared}."
        if isinstance(file.values.get(name), datetime.date):
            hint += " In YAML, a text that looks like a date needs quotes."
        raise StagebookError(Problem("wrong-type", message, hint, where)) from None
    if parameter.required and origin is ValueOrigin.DEFAULT:
        raise StagebookError(
            Problem(
                "missing-value",
                f"`{name}` has no default and no value.",
                f"Add to {file.path}: {name}: <{parameter.type}>",
                Where(cell.file, cell.cell, parameter.line),
            )
        )
    return ResolvedParameter(name, value, origin, parameter.default, parameter.help)


def _unknown(name: str, known: list[str], is_path: bool, where: Where) -> Problem:
    hint = did_you_mean(name, known, f"The parameters are: {', '.join(known) or 'none'}.")
    if is_path:
        hint = "Set the path in the parameters cell; params files and -P cannot set paths."
    message = f"The notebook has no parameter `{name}`."
    return Problem("unknown-parameter", message, hint, where)
