"""Comments, layout and docstrings do not count; everything else does."""

import ast
import io
import random
import textwrap
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.notebook import imports
from stagebook.notebook.code import normalise_cell, normalise_module

SNIPPETS = (
    "import numpy as np",
    "from flights.features import FEATURES, LABEL",
    "x = {'a': 1, 'b': [2, 3]}",
    "y = f'{x!r:>10} is {x}'",
    'text = "it\'s #1"',
    "def f(a, *, b=2):\n    '''Doc.'''\n    return a + b",
    "async def g():\n    async with h() as k:\n        yield k",
    "class A(B):\n    n: int = 1\n\n    def m(self):\n        return self.n",
    "for i in range(10):\n    if i % 2:\n        continue\n    print(i)",
    "try:\n    f(1)\nexcept ValueError as error:\n    raise\nfinally:\n    pass",
    "match x:\n    case {'a': 1, **rest}:\n        z = rest\n    case _:\n        z = None",
    "@decorated\ndef k(): return lambda a: a ** 2",
    "long = '''one\n%time two\n!three\n'''",
    "frame = frame.assign(a=1).query('b > 2')",
    "a, *b = (n for n in (1, 2, 3) if n)",
    "n = 0x10 + 1_000",
)
programs = st.lists(st.sampled_from(SNIPPETS), min_size=1, max_size=5).map("\n".join)


@st.composite
def relaid(draw: st.DrawFn) -> tuple[str, str]:
    """A program, and the same with other comments, blank lines, quotes and spaces."""
    text = draw(programs)
    dice = random.Random(draw(st.integers(0, 1000)))
    tokens = list(tokenize.generate_tokens(io.StringIO(text).readline))
    return text, _written(tokens, dice)


def _written(tokens: list[tokenize.TokenInfo], dice: random.Random) -> str:
    out, indents, fresh = [], [""], True
    for token in tokens:
        match token.type:
            case tokenize.INDENT:
                indents.append(indents[-1] + " " * dice.randint(1, 5))
            case tokenize.DEDENT:
                indents.pop()
            case tokenize.NEWLINE:
                out.append(dice.choice(["\n", "  # why\n", " \n\n", "\n# more\n\n"]))
                fresh = True
            case tokenize.NL | tokenize.ENDMARKER | tokenize.COMMENT:
                pass
            case _:
                out.append(indents[-1] if fresh else dice.choice([" ", "  "]))
                out.append(_requoted(token, dice))
                fresh = False
    return "".join(out)


def _requoted(token: tokenize.TokenInfo, dice: random.Random) -> str:
    if token.type != tokenize.STRING or token.string.startswith(("f", "'''")):
        return token.string
    text = ast.literal_eval(token.string)
    triple = f'"""{text}"""' if '"' not in text else token.string
    return dice.choice([repr(text), triple, token.string])


@given(relaid())
def test_layout_comments_and_quotes_of_a_cell_do_not_count(pair: tuple[str, str]) -> None:
    one, other = pair
    assert not normalise_cell(one).raw
    assert normalise_cell(other).text == normalise_cell(one).text


@given(relaid())
def test_layout_comments_and_quotes_of_a_module_do_not_count(pair: tuple[str, str]) -> None:
    one, other = map(normalise_module, pair)
    assert one.digest == other.digest


@given(programs, st.data())
def test_another_name_or_literal_counts(text: str, data: st.DataObject) -> None:
    tree = ast.parse(text)
    places = [node for node in ast.walk(tree) if isinstance(node, (ast.Name, ast.Constant))]
    if not places:
        return
    match data.draw(st.sampled_from(places)):
        case ast.Name() as name:
            name.id += "_other"
        case ast.Constant() as constant:
            constant.value = "another value"
    try:
        changed = ast.unparse(tree)
    except ValueError:  # a constant inside an f-string's format is no free text
        return
    assert normalise_cell(changed).text != normalise_cell(text).text


@given(programs)
def test_a_normal_form_is_its_own(text: str) -> None:
    normal = normalise_cell(text).text
    assert normalise_cell(normal).text == normal


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1  # one"),
        ("x = 'a'", 'x = "a"'),
        ("x = 1000", "x = 1_000"),
        ("x = (1 +\n     2)", "x = 1 + 2"),
        ("f(a,)", "f(a)"),
        ("", "# only a comment"),
        ("x = 1", "\n\nx = 1;\n"),
    ],
)
def test_two_ways_to_write_a_cell_are_one(one: str, other: str) -> None:
    assert normalise_cell(one).text == normalise_cell(other).text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 'a'", "x = b'a'"),
        ("x = a - b - c", "x = a - (b - c)"),
        ("x = 1\ny = 2", "y = 2\nx = 1"),
        ("x = 'a  b'", "x = 'a b'"),
        ("if a:\n    b\nc", "if a:\n    b\n    c"),
        ("'doc'", "'text'"),
    ],
)
def test_what_can_change_a_result_counts_in_a_cell(one: str, other: str) -> None:
    assert normalise_cell(one).text != normalise_cell(other).text


# Docstrings


@pytest.mark.parametrize(
    "template",
    [
        "{doc}\nx = 1",
        "class A:\n    {doc}\n    x = 1",
        "def f():\n    {doc}\n    return 1",
        "async def f():\n    {doc}\n    return 1",
        "def f():\n    {doc}",
        "class A:\n    def f(self):\n        {doc}\n        return 1",
    ],
)
def test_docstrings_of_a_module_do_not_count(template: str) -> None:
    one, other = (normalise_module(template.format(doc=doc)) for doc in ('"One."', '"Other."'))
    assert one.text == other.text
    assert not one.raw


@pytest.mark.parametrize("text", ["x = 'One.'", "f('One.')", "x = 1\n'One.'", "x = f'One.'"])
def test_other_texts_of_a_module_count(text: str) -> None:
    assert normalise_module(text).text != normalise_module(text.replace("One", "Other")).text


def test_a_function_without_body_stays_one() -> None:
    assert normalise_module('def f():\n    """Doc."""').text == "def f():\n    pass"


# What is not valid Python


@pytest.mark.parametrize("text", ["x = ", "def f(:", "x = 1\n  y = 2", "a\0b"])
def test_a_module_that_does_not_parse_counts_as_it_stands(text: str) -> None:
    code = normalise_module(text)
    assert (code.raw, code.text) == (True, text)


@pytest.mark.parametrize("text", ["+".join(["a"] * 20_000), "(" * 500 + ")" * 500])
def test_code_that_is_nested_too_deeply_counts_as_it_stands(text: str) -> None:
    assert normalise_module(text).raw
    assert normalise_cell(text).raw


def test_an_invalid_escape_does_not_make_code_raw() -> None:
    assert not normalise_cell(r"x = '\d'").raw


# Magics


@pytest.mark.parametrize(
    ("cell", "python"),
    [
        ("%matplotlib inline\nimport a", "import a"),
        ("import a\n%load_ext autoreload\nimport b", "import a\nimport b"),
        ("if True:\n    %time import a", ""),
        ("!pip install b\nimport a", "import a"),
        ("%%time\nimport a", "import a"),
        ("%%time\n%matplotlib inline\nimport a", "import a"),
        ("\n%%capture out\nimport a", "import a"),
    ],
)
def test_python_beside_a_magic_is_seen(cell: str, python: str) -> None:
    code = normalise_cell(cell)
    assert not code.raw
    imports = [node for node in ast.walk(code.tree) if isinstance(node, ast.Import)]
    assert "\n".join(map(ast.unparse, imports)) == python


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("%matplotlib inline\nx = 1", "%matplotlib svg\nx = 1"),
        ("!ls a\nx = 1", "!ls b\nx = 1"),
        ("%%time\nx = 1", "%%time\nx = 2"),
        ("%%time\nx = 1", "x = 1"),
        ("x = 1\n%a\ny = 2", "x = 1\ny = 2\n%a"),
        ("%%bash\nls a", "%%bash\nls b"),
        ("x = !ls a", "x = !ls b"),
    ],
)
def test_a_magic_counts_as_it_stands(one: str, other: str) -> None:
    assert normalise_cell(one).text != normalise_cell(other).text


def test_layout_beside_a_magic_does_not_count() -> None:
    one = normalise_cell("%matplotlib inline\nx = 'a'  # text")
    assert one.text == normalise_cell('%matplotlib inline\n\nx = "a"').text


@pytest.mark.parametrize("cell", ["%%bash\necho import a", "%%html\n<b>", "a ? b"])
def test_a_cell_that_is_no_python_counts_as_raw_text(cell: str) -> None:
    code = normalise_cell(cell)
    assert (code.raw, code.text, code.tree.body) == (True, cell, [])


@pytest.mark.parametrize("line", ["x = !ls", "a, b = %sql select", "df?", "df.head??", "?df"])
def test_imports_beside_a_magic_are_seen(line: str) -> None:
    code = normalise_cell(f"import helper\n{line}")
    assert not code.raw
    assert [one.module for one in imports.find(code.tree).static] == ["helper"]


def test_a_timed_cell_that_is_no_python_is_raw() -> None:
    assert normalise_cell("%%time\na ? b").raw


@pytest.mark.parametrize(
    "magic",
    [
        "%load_ext stagebook",
        "  %load_ext stagebook  ",
        "%reload_ext stagebook",
        "%unload_ext stagebook",
        "%stagebook plan",
    ],
)
def test_our_own_magics_do_not_count(magic: str) -> None:
    assert normalise_cell(f"{magic}\nx = 1").text == normalise_cell("x = 1").text
    assert normalise_cell(magic).text == ""


@pytest.mark.parametrize("magic", ["%load_ext stagebook2", "%load_ext autoreload", "%stagebooks"])
def test_magics_of_others_count(magic: str) -> None:
    assert normalise_cell(f"{magic}\nx = 1").text != normalise_cell("x = 1").text


@pytest.mark.parametrize(
    "line", ["%load_ext stagebook", "%stagebook plan", "%time x", "!ls", "%d items"]
)
def test_a_line_in_a_text_is_no_magic(line: str) -> None:
    code = normalise_cell(f'x = """\n{line}\n"""')
    assert ast.literal_eval(code.tree.body[0].value) == f"\n{line}\n"  # type: ignore[attr-defined]


def test_a_line_of_an_expression_is_no_magic() -> None:
    cell = "x = (a\n%stagebook\n%b)"
    assert normalise_cell(cell).text == "x = a % stagebook % b"


def test_a_digest_is_32_hex_digits_that_follow_the_text() -> None:
    one, other = (normalise_module(textwrap.dedent(text)).digest for text in ("x = 1", "x = 2"))
    assert one != other
    assert len(bytes.fromhex(one)) == 16
