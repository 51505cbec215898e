"""The cell tagged ``parameters`` is read and never run."""

import builtins
import contextlib
import re
import string
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import refusals
from hypothesis import given
from hypothesis import strategies as st

from stagebook.notebook import parameters_cell, signature
from stagebook.notebook.cells import Cell, Notebook
from stagebook.notebook.signature import Declared, Parameter, Role, Signature
from stagebook.notebook.values import (
    ANY,
    DictOf,
    Either,
    ListOf,
    MismatchError,
    OneOf,
    Scalar,
    TupleOf,
    ValueType,
    fit,
    same,
)
from stagebook.project.errors import Problem, StagebookError, Where

INT, FLOAT, STR, BOOL, NONE = map(Scalar, ("int", "float", "str", "bool", "None"))
WHERE = Where("notebooks/train.ipynb", 2)


def parse(*lines: str) -> Signature:
    return parameters_cell.parse_cell("\n".join(lines), WHERE)


def file(*lines: str) -> Declared:
    (declared,) = parse(*lines).declared
    return declared


def parameter(*lines: str) -> Parameter:
    (one,) = parse(*lines).parameters
    return one


def problems(*lines: str) -> tuple[Problem, ...]:
    return refusals.problems(parse, *lines)


def problem(*lines: str) -> Problem:
    return refusals.problem(parse, *lines)


# Files


@pytest.mark.parametrize("role", list(Role))
def test_each_marker_declares_a_path_in_its_role(role: Role) -> None:
    declared = file(f"from stagebook import {role.value}", f'x: {role.value} = "data/x.csv"')
    assert declared == Declared("x", role, ("data/x.csv",), line=2)


@pytest.mark.parametrize(
    ("imported", "annotation"),
    [
        ("from stagebook import In", "In"),
        ("from stagebook import In as Input", "Input"),
        ("from stagebook.project.markers import In", "In"),
        ("import stagebook", "stagebook.In"),
        ("import stagebook as sb", "sb.In"),
        ("import stagebook.project.markers", "stagebook.project.markers.In"),
        ("import stagebook.project.markers", "stagebook.In"),
        ("import stagebook.project.markers as m", "m.In"),
        ("from stagebook.project import markers", "markers.In"),
    ],
)
def test_a_marker_is_known_however_it_is_imported(imported: str, annotation: str) -> None:
    assert file(imported, f'x: {annotation} = "data/x.csv"').role is Role.IN


@pytest.mark.parametrize(
    ("imported", "schema"),
    [
        ("from flights.contracts import Trips", "Trips"),
        ("from flights.contracts import Trips as Schema", "Schema"),
        ("import flights.contracts", "flights.contracts.Trips"),
        ("import flights.contracts as c", "c.Trips"),
        ("from flights import contracts", "contracts.Trips"),
    ],
)
def test_a_subscript_names_the_schema_by_module_and_name(imported: str, schema: str) -> None:
    declared = file("from stagebook import In", imported, f'x: In[{schema}] = "data/x.csv"')
    assert declared.schema == "flights.contracts:Trips"


def test_a_list_of_paths_is_one_declaration() -> None:
    declared = file("from stagebook import Out", 'x: Out = ["data/a", "data/b"]')
    assert (declared.paths, declared.many) == (("data/a", "data/b"), True)


def test_a_list_of_one_path_stays_a_list() -> None:
    assert file("from stagebook import Out", 'x: Out = ["data/a"]').many


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("data/", "data"),
        ("./data/x", "data/x"),
        ("data//x", "data/x"),
        ("données/été 2013.csv", "données/été 2013.csv"),
        ("data/100%#1.csv", "data/100%#1.csv"),
    ],
)
def test_a_path_is_normalised_and_otherwise_free(written: str, path: str) -> None:
    assert file("from stagebook import In", f"x: In = {written!r}").paths == (path,)


def test_an_input_may_lie_where_an_output_must_not() -> None:
    assert file("from stagebook import In", 'x: In = "params/train.yaml"').role is Role.IN


def test_names_may_have_letters_of_any_language() -> None:
    assert parameter("größe: int = 3").name == "größe"


# Parameters


def test_a_parameter_has_its_annotated_type() -> None:
    declared = parameter("late_minutes: int = 15  # at least so late")
    assert declared == Parameter("late_minutes", INT, 15, help="at least so late")


def test_a_parameter_without_annotation_has_the_type_of_its_default() -> None:
    assert parameter("rate = 0.5").type == FLOAT


def test_a_name_without_value_is_required() -> None:
    assert parameter("seed: int") == Parameter("seed", INT, required=True)


def test_an_int_becomes_the_float_that_is_declared() -> None:
    assert same(parameter("rate: float = 1").default, 1.0)


@pytest.mark.parametrize(
    "line", ["n: int = True", "n: int = 1.5", "n: str = 1", "n: list[int] = ['a']", "n: Path = 'a'"]
)
def test_a_default_that_does_not_fit_its_annotation_is_refused(line: str) -> None:
    assert problem("seed: int = 1", line).code == "bad-type"


@pytest.mark.parametrize(
    "annotation", ["'no type'", "Literal[x]", "Foo", "tuple[int, 5]", "In[0]()"]
)
def test_an_annotation_that_is_no_type_is_refused_with_its_line(annotation: str) -> None:
    found = problem("seed: int = 1", f"n: {annotation} = 1")
    assert (found.code, found.where) == ("bad-type", Where(WHERE.file, WHERE.cell, 2))


# Help


@pytest.mark.parametrize(
    ("lines", "help_"),
    [
        (["n: int = 1"], ""),
        (["n: int = 1 # a, b  "], "a, b"),
        (["n: int = 1  ## a"], "a"),
        (['n: str = "a#b"'], ""),
        (['n: str = "a#b"  # c#d'], "c#d"),
        (["# before", "n: int = 1", "# after"], ""),
        (["n: list[int] = [", "    1,  # one", "    2,", "]  # both"], "both"),
        (["n: list[int] = [  # first", "    1,", "]"], "first"),
        (["n: list[int] = [", "    # inside", "    1,", "]"], ""),
        (['n: str = """', "# text", '"""  # help'], "help"),
        (['n: str = """', "# text", '"""'], ""),
        (["n = dict(a=1, b=2)  # two"], "two"),
        (["n: int = 1  # größer als 1"], "größer als 1"),
    ],
)
def test_the_trailing_comment_is_the_help(lines: list[str], help_: str) -> None:
    assert parameter(*lines).help == help_


def test_values_that_other_readers_lose_are_whole() -> None:
    found = parse("a = dict(a=1, b=2)", 'b = "a#b"', "c = (1,", "     2)  # two")
    assert [one.default for one in found.parameters] == [{"a": 1, "b": 2}, "a#b", (1, 2)]


# What may stand beside declarations


def test_imports_comments_docstrings_and_pass_declare_nothing() -> None:
    assert parse('"""Doc."""', "import os", "from a import b", "# text", "pass") == Signature(WHERE)


def test_an_empty_cell_declares_nothing() -> None:
    assert parse("") == Signature(WHERE)


def test_the_cell_is_never_run(monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[str] = []
    monkeypatch.setattr(builtins, "touched", touched, raising=False)
    with pytest.raises(StagebookError):
        parse("touched.append('run')", "x = touched.append('x')", "y: touched.append('y') = 1")
    assert touched == []


# What is refused


@pytest.mark.parametrize(
    "value",
    ["len('a')", "f'{1}'", "other", "{1, 2}", "b'a'", "[i for i in (1,)]", "1 + 1", "{b'a': 1}"],
)
@pytest.mark.parametrize("annotation", ["", ": int", ": In"])
def test_a_default_that_is_no_literal_is_refused(annotation: str, value: str) -> None:
    found = problem("from stagebook import In", f"x{annotation} = {value}")
    assert (found.code, found.where) == ("not-a-literal", Where(WHERE.file, WHERE.cell, 2))
    assert found.hint


def test_a_file_without_path_is_refused() -> None:
    assert problem("from stagebook import In", "x: In").code == "not-a-literal"


@pytest.mark.parametrize("value", ["5", "None", "''", "[]", "['a', 1]", "['']", "('a',)", "{}"])
def test_a_file_that_is_no_path_is_refused_with_an_example(value: str) -> None:
    found = problem("from stagebook import Out", f"x: Out = {value}")
    assert found.code == "not-a-path"
    assert found.hint.endswith('x: Out = "data/x.parquet"')


@pytest.mark.parametrize(
    "path",
    [
        "/data/x",
        "../x",
        "data/../x",
        "data/..",
        "C:\\data\\x",
        "C:/data/x",
        "data\\x",
        "~/data/x",
        "s3://bucket/x",
        "//server/x",
    ],
)
@pytest.mark.parametrize("role", list(Role))
def test_a_path_outside_the_project_is_refused(role: Role, path: str) -> None:
    found = problem(f"from stagebook import {role.value}", f"x: {role.value} = {path!r}")
    assert (found.code, found.where) == ("path-outside", Where(WHERE.file, WHERE.cell, 2))


@pytest.mark.parametrize("path", ["data/${x}", "data/a\nb", "data/a\tb", "data/a\0b"])
def test_a_path_that_dvc_cannot_hold_is_refused(path: str) -> None:
    assert problem("from stagebook import In", f"x: In = {path!r}").code == "bad-path"


@pytest.mark.parametrize("path", [".", "./", "./."])
@pytest.mark.parametrize("role", list(Role))
def test_the_root_itself_is_no_path_of_a_stage(role: Role, path: str) -> None:
    found = problem(f"from stagebook import {role.value}", f"x: {role.value} = {path!r}")
    assert found.code == "reserved-path"


@pytest.mark.parametrize(
    "path", [".stagebook/x", ".dvc/x", ".git/x", "runs/x", "notebooks", "params/x", "dvc.lock"]
)
def test_an_output_in_a_folder_of_the_tools_is_refused(path: str) -> None:
    assert problem("from stagebook import Out", f"x: Out = {path!r}").code == "reserved-path"


def test_each_wrong_path_of_a_list_is_named() -> None:
    found = problems("from stagebook import Out", 'x: Out = ["../a", "data/b", "/c"]')
    assert ["'../a'" in found[0].message, "'/c'" in found[1].message] == [True, True]
    assert len(found) == 2


@pytest.mark.parametrize("annotation", ["In", "In[Trips]"])
def test_a_marker_that_is_not_imported_is_refused_with_the_import(annotation: str) -> None:
    found = problem("from contracts import Trips", f'x: {annotation} = "data/x"')
    assert found.code == "marker-not-imported"
    assert found.hint.endswith("from stagebook import In")
    assert found.where == Where(WHERE.file, WHERE.cell, 2)


@pytest.mark.parametrize(
    ("imported", "schema"),
    [
        ("", "Trips"),
        ("", "contracts.Trips"),
        ("", "'contracts:Trips'"),
        ("import contracts", "contracts"),
        ("import contracts.trips as t", "t"),
    ],
)
def test_a_schema_that_is_not_imported_is_refused(imported: str, schema: str) -> None:
    found = problem("from stagebook import In", imported, f'x: In[{schema}] = "data/x"')
    assert (found.code, found.where) == ("schema-not-imported", Where(WHERE.file, WHERE.cell, 3))


@pytest.mark.parametrize("role", ["Metrics", "Plots"])
def test_a_schema_on_what_has_none_is_refused(role: str) -> None:
    found = problem(
        f"from stagebook import {role}", "from c import S", f'x: {role}[S] = "metrics/x.json"'
    )
    assert found.code == "no-schema-here"


def test_a_name_declared_twice_is_refused_with_both_lines() -> None:
    found = problem("a: int = 1", "b: int = 2", "a: int = 3")
    assert (found.code, found.where) == ("declared-twice", Where(WHERE.file, WHERE.cell, 3))
    assert "line 1" in found.message


@pytest.mark.parametrize(
    "statement",
    [
        "print('a')",
        "a = b = 1",
        "a, b = 1, 2",
        "a += 1",
        "a.b = 1",
        "a['b']: int = 1",
        "if True: a = 1",
        "for a in (1, 2): pass",
        "def f(): pass",
        "from . import a",
        "del a",
    ],
)
def test_a_statement_that_is_no_declaration_is_refused(statement: str) -> None:
    found = problem("seed: int = 1", statement)
    assert (found.code, found.where) == ("not-a-declaration", Where(WHERE.file, WHERE.cell, 2))


@pytest.mark.parametrize(
    ("lines", "line"),
    [(["a: int = 1", "b: int ="], 2), (["a: int = 1", "%matplotlib inline"], 2), (["("], 1)],
)
def test_invalid_python_is_refused_with_its_line(lines: list[str], line: int) -> None:
    found = problem(*lines)
    assert (found.code, found.where) == ("bad-python", Where(WHERE.file, WHERE.cell, line))


def test_a_null_byte_is_refused_as_invalid_python() -> None:
    assert problem("a = '\0'").code == "bad-python"


def test_an_invalid_escape_is_the_authors_own_affair() -> None:
    assert parameter(r"pattern: str = '\d+'").default == r"\d+"


def test_all_that_is_wrong_is_reported_at_once() -> None:
    found = problems(
        'trips: In = "data/trips.csv"',
        "rate: float = 'high'",
        "seed = get_seed()",
        "print(seed)",
        "rate: float = 1.0",
        "n: int = 5",
    )
    assert [(one.code, one.where.line if one.where else None) for one in found] == [
        ("marker-not-imported", 1),
        ("bad-type", 2),
        ("not-a-literal", 3),
        ("not-a-declaration", 4),
        ("declared-twice", 5),
    ]


# The cell in its notebook


def notebook(*cells: tuple[str, str, set[str]]) -> Notebook:
    numbered = enumerate(cells, start=1)
    return Notebook(
        WHERE.file,
        tuple(Cell(at, kind, text, frozenset(tags)) for at, (kind, text, tags) in numbered),  # type: ignore[arg-type]
    )


def test_the_tagged_cell_is_the_signature() -> None:
    found = parameters_cell.parse(
        notebook(
            ("markdown", "# Title", set()),
            ("code", "a: int = 1", {"parameters", "hide-input"}),
            ("code", "b = 2", set()),
        )
    )
    assert found == Signature(WHERE, (), (Parameter("a", INT, 1),))


@pytest.mark.parametrize(
    "cells", [[], [("code", "a = 1", {"injected-parameters"})], [("markdown", "a", {"parameters"})]]
)
def test_a_notebook_without_tagged_code_cell_is_refused(cells: list[Any]) -> None:
    with pytest.raises(StagebookError) as caught:
        parameters_cell.parse(notebook(*cells))
    (found,) = caught.value.problems
    assert (found.code, found.where) == ("no-parameters-cell", Where(WHERE.file))
    assert "Cell Tags" in found.hint


def test_two_tagged_cells_are_refused_by_their_positions() -> None:
    tagged = ("code", "a = 1", {"parameters"})
    with pytest.raises(StagebookError) as caught:
        parameters_cell.parse(notebook(tagged, ("code", "", set()), tagged))
    (found,) = caught.value.problems
    assert (found.code, found.where) == ("two-parameters-cells", Where(WHERE.file, 3))
    assert re.findall(r"\d+", found.message) == ["1", "3"]


# Any signature

leaves = st.sampled_from([INT, FLOAT, STR, BOOL, NONE, ANY]) | st.lists(
    st.integers() | st.text(max_size=3) | st.booleans() | st.none(), min_size=1, max_size=3
).map(lambda options: OneOf(tuple(options)))


def collections_of(inner: st.SearchStrategy[ValueType]) -> st.SearchStrategy[ValueType]:
    several = st.lists(inner, max_size=3).map(tuple)
    plain = inner.filter(lambda one: not isinstance(one, Either))
    return (
        inner.map(ListOf)
        | st.builds(DictOf, st.sampled_from([STR, INT]), inner)
        | several.map(TupleOf)
        | inner.map(lambda one: TupleOf((one,), repeated=True))
        | st.lists(plain, min_size=2, max_size=3, unique_by=str).map(lambda o: Either(tuple(o)))
    )


types: st.SearchStrategy[ValueType] = st.recursive(leaves, collections_of, max_leaves=5)
plain_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.lists(inner, max_size=2).map(tuple)
        | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


def fitting(type_: ValueType) -> st.SearchStrategy[Any]:
    """Values of a type, as ``fit`` leaves them."""
    match type_:
        case Scalar(name="Any"):
            return plain_values
        case Scalar(name=name):
            scalars: dict[str, st.SearchStrategy[Any]] = {
                "int": st.integers(),
                "float": st.floats(allow_nan=False),
                "str": st.text(max_size=5),
                "bool": st.booleans(),
                "None": st.none(),
            }
            return scalars[name]
        case OneOf(options=options):
            return st.sampled_from(options)
        case Either(options=options):
            return st.one_of(*map(fitting, options))
        case ListOf(item=item):
            return st.lists(fitting(item), max_size=3)
        case DictOf(key=key, value=value):
            return st.dictionaries(fitting(key), fitting(value), max_size=3)
        case TupleOf(items=items, repeated=True):
            return st.lists(fitting(items[0]), max_size=3).map(tuple)
        case TupleOf(items=items):
            return st.tuples(*map(fitting, items))
    raise AssertionError(type_)


names = st.text(string.ascii_lowercase, min_size=2, max_size=6).map(lambda name: f"{name}_")
printable = st.characters(exclude_categories=["C", "Zl", "Zp"])
helps = st.text(printable, max_size=10).map(lambda text: text.lstrip("#").strip())
parts = st.text(printable.filter(lambda char: char not in "/\\:$~"), min_size=1, max_size=5)
paths = (
    st.lists(parts, min_size=1, max_size=3)
    .map("/".join)
    .filter(
        lambda path: (
            ".." not in path
            and not PurePosixPath(path).is_relative_to(".dvc")
            and PurePosixPath(path).as_posix() == path != "."
        )
    )
)
schemas = st.sampled_from(["a.b:Trips", "c:Trips", "a.b:Planes", "c.d:In", "e:Any"])


@st.composite
def parameters(draw: st.DrawFn) -> Parameter:
    type_ = draw(types)
    if draw(st.booleans()):
        return Parameter("", type_, None, required=True)
    return Parameter("", type_, fit(draw(fitting(type_)), type_))


@st.composite
def files(draw: st.DrawFn) -> Declared:
    role = draw(st.sampled_from(list(Role)))
    listed = draw(st.lists(paths, min_size=1, max_size=3))
    schema = draw(st.none() | schemas) if role in (Role.IN, Role.OUT) else None
    many = len(listed) > 1 or draw(st.booleans())
    return Declared("", role, tuple(listed), many, schema)


@st.composite
def signatures(draw: st.DrawFn) -> Signature:
    """Signatures whose lines say only which declaration comes before which."""
    entries = draw(st.lists(parameters() | files(), max_size=5))
    labels = draw(st.lists(names, min_size=len(entries), max_size=len(entries), unique=True))
    labelled = [
        type(entry)(**{**fields_of(entry), "name": name, "help": draw(helps), "line": line})
        for line, (entry, name) in enumerate(zip(entries, labels, strict=True), start=1)
    ]
    return Signature(
        WHERE,
        tuple(one for one in labelled if isinstance(one, Declared)),
        tuple(one for one in labelled if isinstance(one, Parameter)),
    )


def fields_of(entry: Parameter | Declared) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in entry.__slots__}


def renumbered(found: Signature) -> Signature:
    entries = sorted([*found.declared, *found.parameters], key=lambda one: one.line)
    order = {one.name: line for line, one in enumerate(entries, start=1)}

    def at_its_place(entry: Any) -> Any:
        return type(entry)(**{**fields_of(entry), "line": order[entry.name]})

    return Signature(
        found.where,
        tuple(map(at_its_place, found.declared)),
        tuple(map(at_its_place, found.parameters)),
    )


@given(signatures())
def test_a_rendered_signature_parses_to_itself(wanted: Signature) -> None:
    text = signature.render(wanted)
    assert renumbered(parameters_cell.parse_cell(text, WHERE)) == wanted


@given(types, plain_values)
def test_a_parsed_default_is_as_its_type_has_it(type_: ValueType, value: Any) -> None:
    text = signature.render(Signature(WHERE, (), (Parameter("n", type_, value),)))
    try:
        expected = fit(value, type_)
    except MismatchError:
        assert problem(text).code == "bad-type"
    else:
        assert same(parameter(text).default, expected)


@given(st.text(max_size=40))
def test_any_text_is_a_signature_or_refused_in_words(text: str) -> None:
    with contextlib.suppress(StagebookError):
        assert parse(text).where == WHERE


def test_a_rendered_cell_runs_as_plain_python(tmp_path: Path) -> None:
    wanted = Signature(
        WHERE,
        (Declared("a", Role.IN, ("data/a",), schema="decimal:Decimal"),),
        (
            Parameter("b", OneOf(("x",)), "x", line=2),
            Parameter("c", ListOf(ANY), [float("inf")], line=3),
            Parameter("d", TupleOf(()), (), line=4),
        ),
    )
    variables: dict[str, Any] = {}
    exec(signature.render(wanted), variables)
    assert [variables[name] for name in "abcd"] == ["data/a", "x", [float("inf")], ()]
