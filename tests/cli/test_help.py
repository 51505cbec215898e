"""Help says what each value is, and its default, in a terminal that is 80 columns wide."""

import re
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from stagebook.cli.main import main

WIDTH = 80


def _commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    if isinstance(command, click.Group):
        for name, child in command.commands.items():
            yield from _commands(child, (*words, name))


VERBS = list(_commands(main, ()))


def _command(words: tuple[str, ...]) -> click.Command:
    command: click.Command = main
    for word in words:
        assert isinstance(command, click.Group)
        command = command.commands[word]
    return command


def _help(words: tuple[str, ...]) -> str:
    return CliRunner().invoke(main, [*words, "--help"], terminal_width=WIDTH).output


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_fits_the_terminal_and_no_summary_is_cut(words: tuple[str, ...]) -> None:
    lines = _help(words).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if re.match(r"  [a-z]+ .*\.\.\.$", line)]


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_each_option_has_help_and_each_value_has_a_name(words: tuple[str, ...]) -> None:
    options = [each for each in _command(words).params if isinstance(each, click.Option)]
    assert [option.opts for option in options if not option.help] == []
    assert [option.opts for option in options if not option.is_flag and not option.metavar] == []


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_explains_each_argument(words: tuple[str, ...]) -> None:
    text = _command(words).help or ""
    arguments = [each for each in _command(words).params if isinstance(each, click.Argument)]
    names = [str(argument.metavar or argument.name).upper().rstrip(".") for argument in arguments]
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize("words", VERBS, ids=" ".join)
def test_help_shows_each_default_once(words: tuple[str, ...]) -> None:
    text = " ".join(_help(words).split())
    options = [each for each in _command(words).params if isinstance(each, click.Option)]
    defaults = [
        option.show_default if isinstance(option.show_default, str) else option.default
        for option in options
        if not option.is_flag and not option.required
    ]
    shown = [default for default in defaults if isinstance(default, str | int | float)]
    assert text.count("[default: ") == len(shown)
    for default in shown:
        assert re.search(rf"\[default: \(?{re.escape(str(default))}\b", text), default
