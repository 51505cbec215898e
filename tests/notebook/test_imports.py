"""Import statements are found wherever they stand."""

import ast

import pytest

from stagebook.notebook import imports
from stagebook.notebook.imports import Import


def static(text: str) -> tuple[Import, ...]:
    return imports.find(ast.parse(text)).static


def dynamic(text: str) -> tuple[str, ...]:
    return imports.find(ast.parse(text)).dynamic


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import a", Import("a")),
        ("import a.b as c", Import("a.b")),
        ("from a import b, c as d", Import("a", ("b", "c"))),
        ("from a import *", Import("a", ("*",))),
        ("from . import a", Import("", ("a",), 1)),
        ("from ..a import b", Import("a", ("b",), 2)),
    ],
)
def test_an_import_is_its_module_names_and_level(text: str, found: Import) -> None:
    assert static(text) == (found,)


def test_one_statement_may_import_several() -> None:
    assert static("import a, b.c") == (Import("a"), Import("b.c"))


@pytest.mark.parametrize(
    "text",
    [
        "if x:\n    import a",
        "if x:\n    pass\nelse:\n    import a",
        "try:\n    import a\nexcept ImportError:\n    pass",
        "try:\n    pass\nexcept ImportError:\n    import a",
        "def f():\n    import a",
        "async def f():\n    import a",
        "class A:\n    import a",
        "with x:\n    import a",
        "match x:\n    case 1:\n        import a",
        "if not TYPE_CHECKING:\n    import a",
        "if TYPE_CHECKING:\n    pass\nelse:\n    import a",
        "if TYPE_CHECKING or x:\n    import a",
        "if IS_TYPE_CHECKING:\n    import a",
        "if x:\n    pass\nelif TYPE_CHECKING:\n    pass\nelse:\n    import a",
    ],
)
def test_an_import_counts_wherever_it_may_run(text: str) -> None:
    assert static(text) == (Import("a"),)


@pytest.mark.parametrize(
    "text",
    [
        "if TYPE_CHECKING:\n    import a",
        "if typing.TYPE_CHECKING:\n    import a",
        "if TYPE_CHECKING:\n    if x:\n        import a",
        "if x:\n    pass\nelif TYPE_CHECKING:\n    import a",
        "if TYPE_CHECKING:\n    pass\nelif TYPE_CHECKING:\n    import a",
        "def f():\n    if TYPE_CHECKING:\n        import a",
    ],
)
def test_an_import_for_type_checkers_does_not_count(text: str) -> None:
    assert static(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        'importlib.import_module("a.b")',
        'import_module("a.b")',
        'importlib.import_module(name="a.b")',
        '__import__("a.b")',
        'importlib.util.find_spec("a.b")',
        'x = [f(import_module("a.b"))]',
    ],
)
def test_a_module_named_in_a_call_counts(text: str) -> None:
    assert static(text) == (Import("a.b"),)


def test_a_module_that_is_run_may_be_a_package_with_a_main_module() -> None:
    assert static('runpy.run_module("a")') == (Import("a", ("__main__",)),)


@pytest.mark.parametrize(
    "text",
    [
        "importlib.import_module(name)",
        "importlib.import_module(f'a.{b}')",
        "importlib.import_module(name=other)",
        "importlib.import_module('.a', __package__)",
        "importlib.util.find_spec('a' + b)",
        "__import__(name)",
    ],
)
def test_a_module_that_only_the_run_knows_is_told(text: str) -> None:
    assert (dynamic(text), static(text)) == ((text,), ())


@pytest.mark.parametrize("text", ["importlib.reload(a)", "find_spec()", "import_module", "f(a)"])
def test_other_calls_import_nothing(text: str) -> None:
    assert (dynamic(text), static(text)) == ((), ())


def test_deep_code_is_searched_to_its_ground() -> None:
    text = "".join(f"{' ' * depth}if x:\n" for depth in range(90)) + f"{' ' * 90}import a"
    assert static(text) == (Import("a"),)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("__all__ = ['a', 'b']", ("a", "b")),
        ("__all__ = ('a',)", ("a",)),
        ("__all__: list[str] = ['a']", ("a",)),
        ("__all__ = ['a']\n__all__ += ['b']", ("a", "b")),
        ("__all__ = other", ()),
        ("__all__ = [*other, 'a']", ("a",)),
        ("x = ['a']", ()),
    ],
)
def test_what_a_star_imports_stands_in_all(text: str, names: tuple[str, ...]) -> None:
    assert imports.exported(ast.parse(text)) == names
