"""The words of a command line, each with whether the shell writes to it."""

import pytest

from stagebook.execution.command_line import patterns, words


@pytest.mark.parametrize(
    ("command", "word", "writes"),
    [
        (["cat", "/a b/c"], "/a b/c", False),
        ("cat '/a b/c' | wc", "/a b/c", False),
        ("echo x >/a/b", "/a/b", True),
        (["sh", "-c", "echo x >> '/a b/c'"], "/a b/c", True),
        (b"cat /a/b", "/a/b", False),
        ("echo 'open", "echo", False),
        ([], "", False),
    ],
)
def test_a_word_is_found(command: object, word: str, writes: bool) -> None:
    found = list(words(command))
    assert (word, writes) in found if word else found == []


@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("ls data/*.csv", ["data/*.csv"]),
        (["/bin/sh", "-c", "wc -l data/[ab].csv | sort"], ["data/[ab].csv"]),
        (["ls", "data/*.csv"], []),
        ("find data -name '*.csv'", []),
    ],
)
def test_a_pattern_that_a_shell_expands_is_found(command: object, found: list[str]) -> None:
    assert list(patterns(command)) == found
