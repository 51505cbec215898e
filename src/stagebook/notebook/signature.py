"""A notebook's signature: the files and parameters that it declares."""

import enum
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stagebook.notebook.literals import as_python
from stagebook.notebook.values import Value, ValueType
from stagebook.project.errors import Where


class Role(enum.Enum):
    """The role of a declared path in the stage; the value is the annotation's name."""

    IN = "In"
    OUT = "Out"
    METRICS = "Metrics"
    PLOTS = "Plots"


@dataclass(frozen=True, slots=True)
class Declared:
    """One name with one path or a list of paths.

    Attributes:
        name: The variable.
        role: Input, output, metrics or plots.
        paths: Paths relative to the project's root, normalised, with forward slashes.
        many: Whether the cell gives a list, even if it holds one path.
        schema: The subscript's schema, as ``module:Name``; None without a schema.
        help: The trailing comment.
        line: Line in the cell, counted from 1.
    """

    name: str
    role: Role
    paths: tuple[str, ...]
    many: bool = False
    schema: str | None = None
    help: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Parameter:
    """One name whose value can be set in the params file or with ``-P``.

    Attributes:
        name: The variable.
        type: The type of its value.
        default: The value in the cell.
        required: Whether the cell gives no value, so that the params file must give one.
        help: The trailing comment.
        line: Line in the cell, counted from 1.
    """

    name: str
    type: ValueType
    default: Value = None
    required: bool = False
    help: str = ""
    line: int = 1


@dataclass(frozen=True, slots=True)
class Signature:
    """Everything that a notebook declares, in the order of the cell.

    Attributes:
        where: The notebook and the position of the tagged cell.
        declared: Its files.
        parameters: Its parameters.
    """

    where: Where
    declared: tuple[Declared, ...] = ()
    parameters: tuple[Parameter, ...] = ()

    def paths(self, *roles: Role) -> tuple[str, ...]:
        """The paths declared in any of these roles, in order."""
        return tuple(
            path
            for declaration in self.declared
            if declaration.role in roles
            for path in declaration.paths
        )

    @property
    def inputs(self) -> tuple[str, ...]:
        """The paths that the stage reads."""
        return self.paths(Role.IN)

    @property
    def outputs(self) -> tuple[str, ...]:
        """The paths that the stage writes: outputs, metrics and plots."""
        return self.paths(Role.OUT, Role.METRICS, Role.PLOTS)


def render(signature: Signature) -> str:
    """A parameters cell that parses to this signature."""
    schemas = dict.fromkeys(
        declaration.schema for declaration in signature.declared if declaration.schema
    )
    names = _local_names(schemas)
    entries: list[Declared | Parameter] = [*signature.declared, *signature.parameters]
    body = [_line(entry, names) for entry in sorted(entries, key=lambda item: item.line)]
    roles = sorted({declaration.role.value for declaration in signature.declared})
    types = "".join(str(parameter.type) for parameter in signature.parameters)
    typing = [name for name in ("Any", "Literal") if name in types]
    imports = [f"from typing import {', '.join(typing)}"] if typing else []
    imports += [f"from stagebook import {', '.join(roles)}"] if roles else []
    for schema, name in names.items():
        module, own = schema.split(":")
        imports.append(f"from {module} import {own}" + (f" as {name}" if name != own else ""))
    return "\n".join([*imports, *body]) + "\n"


def _local_names(schemas: Iterable[str]) -> dict[str, str]:
    """A unique name for each schema, which also differs from the cell's other imports."""
    names: dict[str, str] = {}
    taken = {"Any", "Literal", *(role.value for role in Role)}
    for schema in schemas:
        own = schema.split(":")[1]
        free = (own if not count else f"{own}_{count}" for count in itertools.count())
        names[schema] = next(name for name in free if name not in taken)
        taken.add(names[schema])
    return names


def _line(entry: Declared | Parameter, schemas: Mapping[str, str]) -> str:
    help_ = f"  # {entry.help}" if entry.help else ""
    if isinstance(entry, Parameter):
        value = "" if entry.required else f" = {as_python(entry.default)}"
        return f"{entry.name}: {entry.type}{value}{help_}"
    schema = f"[{schemas[entry.schema]}]" if entry.schema else ""
    paths = list(entry.paths) if entry.many else entry.paths[0]
    return f"{entry.name}: {entry.role.value}{schema} = {paths!r}{help_}"
