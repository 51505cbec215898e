"""Broken rules, counted over the pieces of a table."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from stagebook.data.contracts.verdict import SAMPLE, RuleFailure
from stagebook.data.contracts.words import cut, value_in_words

_KINDS = (
    "column-missing",
    "column-extra",
    "columns-unordered",
    "index-asked",
    "column-type",
    "value-missing",
    "value-repeated",
    "value-refused",
    "no-rows",
    "check-raised",
)


@dataclass(slots=True)
class _Finding:
    failed: int | None = None
    sample: list[tuple[int, str]] = field(default_factory=list)
    actual: str = ""
    hint: str = ""


@dataclass(slots=True)
class Findings:
    """The broken rules so far, by column, code and rule.

    Attributes:
        rows: Rows of the table.
        notes: Further remarks.
    """

    rows: int = 0
    notes: dict[str, None] = field(default_factory=dict)
    _findings: dict[tuple[str, str | None, str, int], _Finding] = field(default_factory=dict)

    def say(
        self,
        code: str,
        column: str | None,
        rule: str,
        *,
        actual: str = "",
        hint: str = "",
        sample: tuple[tuple[int, Any], ...] = (),
        number: int = 0,
    ) -> None:
        """Adds a broken rule that is not about single rows."""
        words = [(row, value_in_words(value)) for row, value in sample]
        new_finding = _Finding(None, words, cut(actual) if actual else "", hint)
        finding = self._findings.setdefault((code, column, rule, number), new_finding)
        if not finding.sample and finding.failed is None:  # earlier pieces had no example
            finding.sample = words

    def add(
        self,
        code: str,
        column: str | None,
        rule: str,
        rows: Iterable[int],
        values: Iterable[Any],
        *,
        failed: int,
        hint: str = "",
        number: int = 0,
    ) -> None:
        """Adds rows that break a rule.

        Args:
            code: The kind of rule.
            column: The column.
            rule: The rule in words.
            rows: Numbers of the first of these rows, counted from 0.
            values: Their values.
            failed: Total number of such rows.
            hint: What to do.
            number: Distinguishes rules with the same words.
        """
        finding = self._findings.setdefault((code, column, rule, number), _Finding(hint=hint))
        finding.failed = (finding.failed or 0) + failed
        for row, value in zip(rows, values, strict=False):
            if len(finding.sample) >= SAMPLE:
                break
            finding.sample.append((int(row) + 1, value_in_words(value)))

    def add_series(
        self, code: str, column: str | None, rule: str, values: Any, hint: str = "", number: int = 0
    ) -> None:
        """Adds rows that break a rule: a series or a frame with row numbers from 0 as index."""
        head = values.head(SAMPLE)
        values_shown = head if isinstance(head, pd.Series) else map(shown, head.to_dict("records"))
        self.add(
            code,
            column,
            rule,
            head.index,
            values_shown,
            failed=len(values),
            hint=hint,
            number=number,
        )

    def has(self, code: str, column: str | None) -> bool:
        """Whether the column breaks a rule of this kind."""
        return any(key[:2] == (code, column) for key in self._findings)

    def failures(self, columns: Sequence[str]) -> tuple[RuleFailure, ...]:
        """All failures: those of the table, then by column in this order, then of whole rows."""
        order = {name: position for position, name in enumerate(columns)}

        def place(key: tuple[str, str | None, str, int]) -> tuple[int, int, int]:
            code, column, _, number = key
            last = len(order) + (column is None)
            first = last if column is None else order.get(column, last)
            return first, _KINDS.index(code), number

        keys = sorted(self._findings, key=place)
        return tuple(self._failure(key, self._findings[key]) for key in keys)

    def _failure(self, key: tuple[str, str | None, str, int], finding: _Finding) -> RuleFailure:
        code, column, rule, _ = key
        rows = self.rows if finding.failed is not None else None
        return RuleFailure(
            code,
            column,
            rule,
            finding.failed,
            rows,
            tuple(finding.sample),
            finding.actual,
            finding.hint,
        )


class UnquotedText(str):
    """Words that are shown without quotes."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def shown(values: Mapping[Hashable, Any]) -> str:
    """Values of a row, by column."""
    return UnquotedText(", ".join(f"{name}={value}" for name, value in values.items()))
