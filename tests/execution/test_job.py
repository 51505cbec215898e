"""The name under which a run with ``-P`` leaves its files."""

import pytest

from stagebook.errors import Where
from stagebook.execution.job import Job
from stagebook.execution.parameters import Origin, Resolved
from stagebook.notebook.cells import Notebook
from stagebook.notebook.signature import Signature
from stagebook.notebook.source import Source
from stagebook.settings import StageSettings


def name(value: object) -> str:
    notebook = Notebook("notebooks/p.ipynb", ())
    resolved = (Resolved("so", value, Origin.OVERRIDE, None, ""),)  # type: ignore[arg-type]
    signature = Signature(Where(notebook.path))
    return Job("id", notebook, signature, resolved, Source("p", ()), StageSettings()).name


@pytest.mark.parametrize(
    ("value", "alike"), [(None, "None"), (True, "True"), (1, "1"), ("a/b", "a-b"), ("a b", "a?b")]
)
def test_values_that_look_alike_have_names_of_their_own(value: object, alike: object) -> None:
    assert name(value) != name(alike)


def test_a_plain_value_is_the_name() -> None:
    assert name(10.0) == "p@so=10.0"
    assert name("fast") == "p@so=fast"
