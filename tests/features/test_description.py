"""A description of a feature service changes with what its features depend on, and only then."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import refusals

from stagebook.features import FeatureService, on_demand
from stagebook.features.description import ServiceDescription, parse, render

NAME, PACKAGE = "described_features", "described_package"
HEAD = """\
import pandera.pandas as pa

from stagebook.features import FeatureService, RequestSource, on_demand
"""
TAIL = """

class Request(pa.DataFrameModel):
    at: pa.DateTime
    value: float


service = FeatureService(
    "described",
    [feature],
    instant="at",
    helpers=[RequestSource("request", schema=Request)],
)
"""


@pytest.fixture(autouse=True)
def forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(tmp_path))
    # Python takes code of one second and one length for the same
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    forget()


def forget() -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in (NAME, PACKAGE):
            del sys.modules[name]
    importlib.invalidate_caches()


def described(folder: Path, body: str, **modules: str) -> ServiceDescription:
    """The description of a service with one on-demand feature.

    Args:
        folder: Where the code is written; it is on Python's path.
        body: The code with the function `feature`.
        modules: Modules of a package that the body may import.
    """
    (folder / f"{NAME}.py").write_text(f"{HEAD}\n{body}\n{TAIL}")
    if modules:
        (folder / PACKAGE).mkdir(exist_ok=True)
        (folder / PACKAGE / "__init__.py").touch()
    for name, text in modules.items():
        (folder / PACKAGE / f"{name}.py").write_text(text)
    forget()
    return ServiceDescription.of(importlib.import_module(NAME).service)


def digest(folder: Path, body: str, **modules: str) -> str:
    (feature,) = described(folder, body, **modules).on_demand
    return feature.digest


PLAIN = '@on_demand("float64")\ndef feature(value):\n    return value + 1\n'


def test_remarks_layout_docstrings_and_other_code_do_not_count(tmp_path: Path) -> None:
    remarked = PLAIN.replace("    return", '    """One more."""\n\n    # A remark.\n    return')
    other = f"OTHER = 1\n\n\ndef unused(value):\n    return OTHER\n\n\n{PLAIN}"
    before = digest(tmp_path, PLAIN)
    assert {digest(tmp_path, remarked), digest(tmp_path, other)} == {before}


USES = {
    "constant": ("RATE = 1\n", "RATE = 2\n", "return value + RATE"),
    "function": (
        "def add(value):\n    return value + 1\n",
        "def add(value):\n    return value + 2\n",
        "return add(value)",
    ),
    "function of a function": (
        "RATE = 1\ndef rate():\n    return RATE\ndef add(value):\n    return value + rate()\n",
        "RATE = 2\ndef rate():\n    return RATE\ndef add(value):\n    return value + rate()\n",
        "return add(value)",
    ),
    "changed entry": (
        "RATES = {'a': 1}\nRATES['b'] = 1\n",
        "RATES = {'a': 1}\nRATES['b'] = 2\n",
        "return value + RATES['b']",
    ),
    "method called": (
        "RATES = [1]\nRATES.append(1)\n",
        "RATES = [1]\nRATES.append(2)\n",
        "return value + RATES[1]",
    ),
    "condition": (
        "if True:\n    RATE = 1\n",
        "if True:\n    RATE = 2\n",
        "return value + RATE",
    ),
    "class": (
        "class Rates:\n    rate = 1\n",
        "class Rates:\n    rate = 2\n",
        "return value + Rates.rate",
    ),
    "import": ("from math import e as rate\n", "from math import pi as rate\n", "return rate"),
}


@pytest.mark.parametrize("name", USES)
def test_what_a_function_uses_of_its_module_counts(tmp_path: Path, name: str) -> None:
    one, other, line = USES[name]
    body = PLAIN.replace("return value + 1", line)
    assert digest(tmp_path, f"{one}\n{body}") != digest(tmp_path, f"{other}\n{body}")
    # of another function, the same code does not count
    assert digest(tmp_path, f"{one}\n{PLAIN}") == digest(tmp_path, f"{other}\n{PLAIN}")


@pytest.mark.parametrize(
    "start",
    [
        f"from {PACKAGE}.times import add\n",
        f"from {PACKAGE} import times\nadd = times.add\n",
        f"import {PACKAGE}.times as times\nadd = times.add\n",
        f"from {PACKAGE}.times import *\n",
    ],
)
def test_a_local_module_counts_with_those_that_it_imports(tmp_path: Path, start: str) -> None:
    body = f"{start}\n{PLAIN.replace('return value + 1', 'return add(value)')}"
    times = (
        "from . import rates\n__all__ = ['add']\ndef add(value):\n    return value + rates.RATE\n"
    )
    before = described(tmp_path, body, times=times, rates="RATE = 1\n")
    assert list(before.on_demand[0].modules) == [
        f"{PACKAGE}/__init__.py",
        f"{PACKAGE}/rates.py",
        f"{PACKAGE}/times.py",
    ]
    assert before.local == (NAME, PACKAGE)
    assert digest(tmp_path, body, times=times, rates="RATE = 1  # a remark\n") == (
        before.on_demand[0].digest
    )
    assert digest(tmp_path, body, times=times, rates="RATE = 2\n") != before.on_demand[0].digest


def test_an_import_inside_of_a_function_counts(tmp_path: Path) -> None:
    line = f"from {PACKAGE}.times import add\n    return add(value)"
    body = PLAIN.replace("return value + 1", line)
    add = "def add(value):\n    return value + {}\n"
    assert digest(tmp_path, body, times=add.format(1)) != digest(
        tmp_path, body, times=add.format(2)
    )


def test_installed_modules_do_not_count_by_their_content(tmp_path: Path) -> None:
    body = f"import pandas as pd\nimport numpy\n{PLAIN.replace('value + 1', 'numpy.abs(value)')}"
    assert described(tmp_path, body).on_demand[0].modules == {}


def test_values_that_a_function_encloses_count(tmp_path: Path) -> None:
    body = (
        "def define(rate):\n    @on_demand('float64')\n    def feature(value):\n"
        "        return value + rate\n    return feature\n\nfeature = define({})\n"
    )
    assert digest(tmp_path, body.format(1)) != digest(tmp_path, body.format(2))
    assert digest(tmp_path, body.format(1)) == digest(tmp_path, body.format("int('1')"))


def test_the_folder_of_the_code_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = f"from {PACKAGE}.times import add\n{PLAIN.replace('value + 1', 'add(value)')}"
    times = "def add(value):\n    return value\n"
    before = described(tmp_path, body, times=times)
    other = tmp_path / "site-packages"  # as if it were installed
    other.mkdir()
    monkeypatch.syspath_prepend(str(other))
    described(other, body, times=times)
    service = importlib.import_module(NAME).service
    assert service.where.file == str(other / f"{NAME}.py")
    assert ServiceDescription.of(service, local=before.local) == before


def test_a_description_is_read_as_it_was_written(tmp_path: Path) -> None:
    before = described(tmp_path, PLAIN)
    assert parse(render(before)) == before
    assert render(parse(render(before))) == render(before)
    assert (before.address, before.request) == (
        f"{NAME}:service",
        {"at": "datetime64[ns]", "value": "float64"},
    )


def test_a_function_that_is_in_no_file_is_refused(tmp_path: Path) -> None:
    service = importlib.import_module(NAME).service if described(tmp_path, PLAIN) else None
    (tmp_path / f"{NAME}.py").unlink()
    assert refusals.problem(ServiceDescription.of, service).code == "no-feature-source"
    (tmp_path / f"{NAME}.py").write_text("\n\n\n")
    assert refusals.problem(ServiceDescription.of, service).code == "no-feature-source"


def test_a_service_that_no_module_has_is_refused(tmp_path: Path) -> None:
    described(tmp_path, PLAIN)
    service = importlib.import_module(NAME).service

    @on_demand("float64")
    def other(value: object) -> object:
        return value

    own = FeatureService("own", [other], instant="at", helpers=service.helpers)
    assert refusals.problem(ServiceDescription.of, own).code == "service-not-in-module"
