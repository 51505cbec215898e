"""Local modules are found as Python would find them, and none is run."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from folders import write
from hypothesis import given, settings
from hypothesis import strategies as st

from stagebook.notebook.code import normalise_cell, normalise_module
from stagebook.notebook.modules import ReachableModules, SearchPath

FOLDERS = ("notebooks", "src", ".")


def reach(
    root: Path, cell: str, files: Mapping[str, str], installed: frozenset[str] = frozenset()
) -> ReachableModules:
    write(root, files)
    folders = tuple(root / name for name in FOLDERS)
    search = SearchPath(root, folders, installed.__contains__)
    return search.reach([("notebooks/n.ipynb", normalise_cell(cell))])


def reached(root: Path, cell: str, files: Mapping[str, str], *installed: str) -> set[str]:
    return {name for name, _ in reach(root, cell, files, frozenset(installed)).modules}


PACKAGE = {
    "src/pkg/__init__.py": "",
    "src/pkg/a.py": "",
    "src/pkg/b.py": "",
    "src/pkg/sub/__init__.py": "",
    "src/pkg/sub/c.py": "",
    "src/pkg/sub/d.py": "",
    "src/other.py": "",
}


@pytest.mark.parametrize(
    ("cell", "files"),
    [
        ("import pkg", {"__init__.py"}),
        ("import pkg.a", {"__init__.py", "a.py"}),
        ("import pkg.sub.c as c", {"__init__.py", "sub/__init__.py", "sub/c.py"}),
        ("from pkg import a", {"__init__.py", "a.py"}),
        ("from pkg import a, b", {"__init__.py", "a.py", "b.py"}),
        ("from pkg.sub import c", {"__init__.py", "sub/__init__.py", "sub/c.py"}),
        ("from pkg.a import name", {"__init__.py", "a.py"}),
        ("from pkg import *", {"__init__.py"}),
        ("import pkg.missing", {"__init__.py"}),
        ("import pkg.sub.missing.deep", {"__init__.py", "sub/__init__.py"}),
        ("import importlib\nimportlib.import_module('pkg.b')", {"__init__.py", "b.py"}),
        ("import importlib.util\nimportlib.util.find_spec('pkg.b')", {"__init__.py", "b.py"}),
        ("def f():\n    import pkg.a", {"__init__.py", "a.py"}),
        ("%time import pkg.a", set()),
        ("%matplotlib inline\nimport pkg.a", {"__init__.py", "a.py"}),
        ("from . import a", set()),
        ("from .pkg import a", set()),
    ],
)
def test_a_cell_reaches_what_its_import_runs(tmp_path: Path, cell: str, files: set[str]) -> None:
    assert reached(tmp_path, cell, PACKAGE) == {f"src/pkg/{name}" for name in files}


@pytest.mark.parametrize(
    ("where", "line", "file"),
    [
        ("src/pkg/__init__.py", "from . import a", "src/pkg/a.py"),
        ("src/pkg/__init__.py", "from .a import x", "src/pkg/a.py"),
        ("src/pkg/__init__.py", "from .sub import d", "src/pkg/sub/d.py"),
        ("src/pkg/b.py", "from . import a", "src/pkg/a.py"),
        ("src/pkg/sub/__init__.py", "from .. import a", "src/pkg/a.py"),
        ("src/pkg/sub/__init__.py", "from ..a import x", "src/pkg/a.py"),
        ("src/pkg/sub/c.py", "from .. import a", "src/pkg/a.py"),
        ("src/pkg/sub/c.py", "import other", "src/other.py"),
    ],
)
def test_imports_are_followed_from_module_to_module(
    tmp_path: Path, where: str, line: str, file: str
) -> None:
    cell = "import pkg.b, pkg.sub.c"
    assert file not in reached(tmp_path, cell, PACKAGE)
    assert file in reached(tmp_path, cell, {where: line})


@pytest.mark.parametrize("line", ["from ... import other", "from ....other import x"])
def test_a_relative_import_out_of_its_package_reaches_nothing(tmp_path: Path, line: str) -> None:
    files = {**PACKAGE, "src/pkg/a.py": line}
    assert reached(tmp_path, "import pkg.a", files) == {"src/pkg/__init__.py", "src/pkg/a.py"}


def test_relative_imports_work_where_the_code_folder_lies_in_another(tmp_path: Path) -> None:
    write(tmp_path, {**PACKAGE, "src/pkg/a.py": "from . import b"})
    search = SearchPath(tmp_path, (tmp_path, tmp_path / "src"), lambda name: name == "src")
    found = search.reach([("n.ipynb", normalise_cell("import pkg.a"))])
    assert "src/pkg/b.py" in dict(found.modules)


def test_a_star_reaches_the_modules_in_all(tmp_path: Path) -> None:
    files = {**PACKAGE, "src/pkg/__init__.py": "__all__ = ['a', 'value']\nvalue = 1"}
    found = reached(tmp_path, "from pkg import *", files)
    assert found == {"src/pkg/__init__.py", "src/pkg/a.py"}


def test_a_helper_beside_the_notebook_is_found(tmp_path: Path) -> None:
    assert reached(tmp_path, "import helper", {"notebooks/helper.py": ""}) == {
        "notebooks/helper.py"
    }


@pytest.mark.parametrize("folder", ["notebooks/", "src/", ""])
def test_the_first_folder_wins(tmp_path: Path, folder: str) -> None:
    order = ["notebooks/", "src/", ""]
    files = {f"{one}m.py": "" for one in order[order.index(folder) :]}
    assert reached(tmp_path, "import m", files) == {f"{folder}m.py"}


def test_a_package_wins_over_a_module_beside_it(tmp_path: Path) -> None:
    files = {"src/m.py": "", "src/m/__init__.py": ""}
    assert reached(tmp_path, "import m", files) == {"src/m/__init__.py"}


def test_a_module_wins_over_a_folder_before_it(tmp_path: Path) -> None:
    files = {"notebooks/m/a.py": "", "src/m.py": ""}
    assert reached(tmp_path, "import m.a", files) == {"src/m.py"}


def test_a_folder_without_init_is_a_package(tmp_path: Path) -> None:
    files = {"src/space/a.py": "", "src/space/deep/b.py": ""}
    assert reached(tmp_path, "import space.a, space.deep.b", files) == set(files)


def test_a_package_without_init_may_lie_in_two_folders(tmp_path: Path) -> None:
    files = {"src/space/a.py": "", "space/b.py": "", "space/a.py": ""}
    found = reached(tmp_path, "from space import a, b", files)
    assert found == {"src/space/a.py", "space/b.py"}


def test_a_folder_without_init_gives_way_to_an_installed_package(tmp_path: Path) -> None:
    found = reach(tmp_path, "import pandas.x", {"pandas/x.py": ""}, frozenset({"pandas"}))
    assert (found.modules, found.external) == ((), ("pandas",))


def test_a_folder_inside_a_package_gives_way_to_nothing(tmp_path: Path) -> None:
    assert reached(tmp_path, "import space.numpy.a", {"src/space/numpy/a.py": ""}, "numpy") == {
        "src/space/numpy/a.py"
    }


def test_a_package_wins_over_an_installed_one(tmp_path: Path) -> None:
    found = reach(tmp_path, "import pandas", {"pandas/__init__.py": ""}, frozenset({"pandas"}))
    assert ([name for name, _ in found.modules], found.external) == (["pandas/__init__.py"], ())


def test_a_folder_without_python_is_no_package(tmp_path: Path) -> None:
    found = reach(tmp_path, "import data", {"data/raw/trips.csv": ""})
    assert found.external == ("data",)


def test_modules_that_import_each_other_are_reached_once(tmp_path: Path) -> None:
    files = {"src/a.py": "import b", "src/b.py": "import a"}
    found = reach(tmp_path, "import a", files)
    assert [name for name, _ in found.modules] == ["src/a.py", "src/b.py"]


def test_what_is_not_local_is_told_by_its_first_name(tmp_path: Path) -> None:
    found = reach(tmp_path, "import numpy.linalg\nfrom pandas import x\nimport a", {"src/a.py": ""})
    assert found.external == ("numpy", "pandas")


def test_what_modules_import_from_outside_is_told_too(tmp_path: Path) -> None:
    assert reach(tmp_path, "import a", {"src/a.py": "import numpy"}).external == ("numpy",)


def test_stagebook_itself_is_left_out(tmp_path: Path) -> None:
    files = {"src/stagebook/__init__.py": "import numpy"}
    found = reach(tmp_path, "from stagebook import In\nimport stagebook.project.markers", files)
    assert (found.modules, found.external) == ((), ())


def test_a_dynamic_import_is_told_with_its_file(tmp_path: Path) -> None:
    found = reach(tmp_path, "import a\n__import__(a)", {"src/a.py": "import_module(name)"})
    assert sorted(found.dynamic) == [
        ("notebooks/n.ipynb", "__import__(a)"),
        ("src/a.py", "import_module(name)"),
    ]


# What a module's code is


def digest(root: Path, text: str | bytes) -> str:
    data = text if isinstance(text, bytes) else text.encode()
    (root / "src").mkdir(exist_ok=True)
    (root / "src" / "a.py").write_bytes(data)
    return dict(reach(root, "import a", {}).modules)["src/a.py"].digest


def test_a_module_counts_by_its_normal_form(tmp_path: Path) -> None:
    assert digest(tmp_path, "x = 'a'  # text") == normalise_module("x = 'a'").digest


def test_a_module_that_does_not_parse_counts_as_raw_text(tmp_path: Path) -> None:
    assert digest(tmp_path, "x = (  # a") != digest(tmp_path, "x = (  # b")


def test_a_module_may_name_its_encoding(tmp_path: Path) -> None:
    latin = "# coding: latin-1\nx = 'größe'".encode("latin-1")
    assert digest(tmp_path, latin) == digest(tmp_path, "x = 'größe'")


def test_a_module_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert digest(tmp_path, b"\xef\xbb\xbfx = 1") == digest(tmp_path, "x = 1")


@pytest.mark.parametrize("text", [b"x = '\xff'", b"# coding: no-such\nx = 1", b"\x00\xff"])
def test_a_module_in_no_known_encoding_still_counts(tmp_path: Path, text: bytes) -> None:
    assert digest(tmp_path, text) != digest(tmp_path, text + b"\ny = 2")


# Against Python itself

TOPS, SUBS = ("pa", "pb"), ("x", "y")
DOTTED = (*TOPS, *(f"{top}.{sub}" for top in TOPS for sub in SUBS), "pa.x.y", "pb.y.x")
IMPORTS = (
    *(f"import {name}" for name in DOTTED),
    *(f"from {name} import {sub}" for name in DOTTED for sub in SUBS),
    *(f"from {name} import *" for name in DOTTED[:4]),
    *(f"importlib.import_module('{name}')" for name in DOTTED),
    "from . import x",
    "from . import y",
    "from .x import y",
    "from .y import *",
    "from .. import x",
    "from ..y import x",
    "from ... import x",
    "if not TYPE_CHECKING: import pa.y",
)


def body(lines: list[str]) -> str:
    tried = (f"try:\n    {line}\nexcept Exception:\n    pass" for line in lines)
    return "\n".join(["import importlib", "TYPE_CHECKING = False", *tried])


bodies = st.lists(st.sampled_from(IMPORTS), max_size=3).map(body)
stars = st.sampled_from(["", "__all__ = ['x']\n", "__all__ = ('x', 'y')\n"])
places = st.sampled_from(
    [
        f"{root}{top}{rest}"
        for root in ("", "src/")
        for top in TOPS
        for rest in (
            ".py",
            "/__init__.py",
            "/x.py",
            "/y.py",
            "/x/__init__.py",
            "/x/y.py",
            "/y/x.py",
        )
    ]
)
trees = st.dictionaries(places, st.builds(str.__add__, stars, bodies), min_size=2, max_size=8)
LOADED = """
import json, sys
root, code = sys.argv[1:]
sys.path[:0] = [f"{root}/src", root]
sys.dont_write_bytecode = True
exec(code)
files = [getattr(module, "__file__", None) or "" for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file.startswith(root)]))
"""


@settings(max_examples=60)
@given(trees, st.lists(st.sampled_from(IMPORTS), min_size=1, max_size=3).map(body))
def test_every_module_that_python_loads_is_reached(tree: dict[str, str], cell: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder).resolve()
        found = reached(root, cell, tree)
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "-c", LOADED, str(root), cell],
            capture_output=True,
            text=True,
            check=True,
        )
        loaded = {Path(file).relative_to(root).as_posix() for file in json.loads(ran.stdout)}
        assert loaded <= found
