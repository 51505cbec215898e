"""A declared input or output that may be a table."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from stagebook.notebook.signature import Declared, Role


@dataclass(frozen=True, slots=True)
class Subject:
    """A declared input or output that may be a table.

    Attributes:
        name: The variable that declares it.
        reads: Whether the stage reads it; otherwise it writes it.
        paths: Its paths; several paths are one table.
        contract: Where its schema is imported from, as ``module:Name``, if it has one.
        code: Digest of the code that defines the schema.
    """

    name: str
    reads: bool
    paths: tuple[str, ...]
    contract: str | None = None
    code: str = ""

    @classmethod
    def of(cls, declared: Declared, codes: Mapping[str, str]) -> Self:
        """The subject of a declared name.

        Args:
            declared: The name, an input or an output.
            codes: For each contract the digest of the code that defines it.
        """
        schema = declared.schema
        code = codes.get(schema, "") if schema else ""
        return cls(declared.name, declared.role is Role.IN, declared.paths, schema, code)


def parse_subject(values: Mapping[str, Any]) -> Subject:
    """A subject from its plain values."""
    return Subject(**{**values, "paths": tuple(values["paths"])})
