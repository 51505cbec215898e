"""The columns that go into a model and come out of it, with what a contract asks of them."""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from stagebook.model import json_text
from stagebook.project.errors import Problem, Where

if TYPE_CHECKING:  # pandera takes a second to import, and who loads a model needs none of it
    import pandas as pd

    from stagebook.data.contracts.contract import Contract

FORMAT = 1
INPUT, OUTPUT = "schema.input.json", "schema.output.json"


@dataclass(frozen=True, slots=True)
class Field:
    """One column.

    Attributes:
        name: Its name.
        type: Its type as MLflow's ``ModelSignature`` calls it, such as ``double``.
        dtype: Its type in pandas.
        nullable: Whether values may be missing.
        rules: What the contract asks of it, in words.
        checks: The same for rules of pandera's own, as name and bounds.
    """

    name: str
    type: str
    dtype: str
    nullable: bool
    rules: tuple[str, ...] = ()
    checks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Schema:
    """Columns in order.

    Attributes:
        contract: The contract that says more of them, as ``module:Name``; None without one.
        fields: The columns.
    """

    contract: str | None
    fields: tuple[Field, ...]

    @classmethod
    def of(
        cls,
        frame: "pd.DataFrame",
        types: Sequence[str],
        contract: "Contract | None",
        nullable: Collection[str],
    ) -> Self:
        """The schema of a frame.

        Args:
            frame: Some rows.
            types: The type of each column in MLflow's words.
            contract: The contract that its columns must satisfy.
            nullable: Columns in which values may be missing.
        """
        contract_columns = contract.schema.columns if contract else {}
        fields = tuple(
            field_of(
                str(name),
                frame[name],
                type_,
                contract_columns.get(name),
                is_nullable=name in nullable,
            )
            for name, type_ in zip(frame.columns, types, strict=True)
        )
        return cls(contract.spec if contract else None, fields)

    def without_gaps_in(self, name: str) -> Self:
        """The same schema, in which values of one column may not be missing."""
        return replace(
            self,
            fields=tuple(
                replace(field, nullable=field.nullable and field.name != name)
                for field in self.fields
            ),
        )

    def also(self, other: Self) -> Self:
        """The same columns, with what another schema asks of those that it has."""
        theirs = {field.name: field for field in other.fields}
        fields = (
            _both(field, theirs[field.name]) if field.name in theirs else field
            for field in self.fields
        )
        return replace(self, fields=tuple(fields))

    def disagreements(self, signature: Sequence[tuple[str, str]], file: str) -> tuple[Problem, ...]:
        """Where a signature of MLflow says something else.

        Args:
            signature: Name and type of each column in ``MLmodel``.
            file: This schema's file, for messages.
        """
        own = [(field.name, field.type) for field in self.fields]
        if own == list(signature):
            return ()
        names = [name for name, _ in {*own, *signature} - ({*own} & {*signature})]
        columns = ", ".join(sorted(set(names))) or "their order"
        message = f"MLmodel and {file} disagree on {columns}."
        return (Problem("schema-differs", message, "Create the package again.", Where("MLmodel")),)


def field_of(
    name: str, column: "pd.Series", type_: str, contract_column: Any, *, is_nullable: bool
) -> Field:
    """What is known of a column.

    Args:
        name: Its name.
        column: Some of its values.
        type_: Its type in MLflow's words.
        contract_column: The column of a pandera schema; None without one.
        is_nullable: Whether values may be missing, even if none of these is.
    """
    from stagebook.data.contracts.rules import built_in_name, rule

    checks = tuple(contract_column.checks) if contract_column is not None else ()
    return Field(
        name=name,
        type=type_,
        dtype=str(column.dtype),
        nullable=is_nullable or bool(column.isna().any()),
        rules=tuple(rule(check) for check in checks),
        checks=tuple(
            {"check": check.name, **_plain(check.statistics)}
            for check in checks
            if built_in_name(check)
        ),
    )


def _both(field: Field, other: Field) -> Field:
    """A column with the rules of both; those of another are not repeated."""
    nullable = field.nullable and other.nullable
    if set(other.rules) <= set(field.rules):
        return replace(field, nullable=nullable)
    rules, checks = field.rules + other.rules, field.checks + other.checks
    if len(other.rules) == len(other.checks):
        fresh = [place for place, rule in enumerate(other.rules) if rule not in field.rules]
        rules = field.rules + tuple(other.rules[place] for place in fresh)
        checks = field.checks + tuple(other.checks[place] for place in fresh)
    return replace(field, nullable=nullable, rules=rules, checks=checks)


def _plain(values: Any) -> Any:
    text = json.dumps(
        values, default=lambda item: sorted(item) if isinstance(item, set) else str(item)
    )
    return json.loads(text)


def render(schema: Schema) -> str:
    """The text of a schema."""
    return json.dumps({"format": FORMAT, **asdict(schema)}, indent=1, ensure_ascii=False) + "\n"


def parse(text: str) -> Schema:
    """The schema in a text that ``render`` wrote; ValueError, KeyError or TypeError for another."""
    values = json_text.load(text)
    if values["format"] != FORMAT:
        raise ValueError("another format")
    fields = tuple(
        Field(**{**value, "rules": tuple(value["rules"]), "checks": tuple(value["checks"])})
        for value in values["fields"]
    )
    return Schema(values["contract"], fields)
