import re

import pytest

from stagebook.cli import verdict_screen
from stagebook.data.contracts.verdict import ContractVerdict, RuleFailure

CONTRACT = "flights.contracts:Flights"
NEGATIVE = RuleFailure(
    "value-refused", "age", ">= 0", 12, 336_776, ((3, "-1"), (40, "-2"), (5_000, "-3"))
)
ABSENT = RuleFailure(
    "column-missing", "town", "text", hint="Add it, or say that it is not required."
)


def lines(verdict: ContractVerdict, **more: int) -> list[str]:
    return [one.plain for one in verdict_screen.lines(verdict, **more)]


def test_a_contract_that_holds_is_one_green_line() -> None:
    verdict = ContractVerdict("data/x.parquet", CONTRACT, 336_776)
    (line,) = verdict_screen.lines(verdict, columns=16, rules=23)
    assert line.plain == f"data/x.parquet passes {CONTRACT}: 336,776 rows, 16 columns, 23 rules"
    assert line.style == "green"


def test_what_is_not_known_is_not_told() -> None:
    assert lines(ContractVerdict("x.csv", CONTRACT, 1)) == [f"x.csv passes {CONTRACT}: 1 row"]


def test_each_rule_has_a_line_with_rows_and_values() -> None:
    head, rule, column, hint = lines(
        ContractVerdict("x.csv", CONTRACT, 336_776, (NEGATIVE, ABSENT))
    )
    assert head.startswith("x.csv ")
    assert f" {CONTRACT}: 2 rules " in head
    assert head.endswith(" (336,776 rows)")
    assert rule.startswith("  ✗ `age`: >= 0; 12 of 336,776 rows ")
    assert re.findall(r"row \S+ has [-\d]+", rule) == [
        "row 3 has -1",
        "row 40 has -2",
        "row 5,000 has -3",
    ]
    assert column.startswith("  ✗ `town` ")
    assert hint == f"    → {ABSENT.hint}"


def test_one_rule_is_told_in_the_singular() -> None:
    assert ": 1 rule " in lines(ContractVerdict("x.csv", CONTRACT, 9, (ABSENT,)))[0]


def test_a_note_is_told_also_where_the_contract_holds() -> None:
    assert lines(ContractVerdict("x.csv", CONTRACT, 9, (), ("partial",)))[1] == "  note partial"


def test_data_brings_neither_colour_nor_line(capsys: pytest.CaptureFixture[str]) -> None:
    failure = RuleFailure("value-refused", "a\x1b[31m", "x", 1, 9, ((1, "[red]\nb\x07"),))
    verdict_screen.show(ContractVerdict("x.csv", CONTRACT, 9, (failure,)))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]" in shown
    assert len(shown.splitlines()) == 2
