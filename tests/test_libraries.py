"""What the package uses of other people's libraries: declared, and by public names."""

import ast
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/stagebook"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

PRIVATE_NAMES = {
    "mlflow-skinny 3.17": {"_GENERATOR_NOUNS", "_GENERATOR_PREDICATES"},
    "pandas 3.1": {"_iter_column_arrays"},
    "pandera 0.35": {"_check_fn"},
    "scikit-learn 1.9": {
        "_bin_mapper",
        "_bisecting_tree",
        "_compute_n_features_outs",
        "_default_to_infrequent_mappings",
        "_drop_idx_after_grouping",
        "_dual_coef_",
        "_fit_X",
        "_impl",
        "_infrequent_enabled",
        "_infrequent_indices",
        "_intercept_",
        "_max_features",
        "_n_features",
        "_n_features_outs",
        "_n_support",
        "_predictors",
        "_probA",
        "_probB",
        "_sparse",
        "_tree",
    },
    "scipy 1.17": {"_c", "_t"},
}
"""Private names of libraries by the version that they were checked with.

A library may change them in any release. When a version here differs from the installed one, run
the tests of the modules that use the name, read the library's change log, and write the new
version here.
"""

PYTHON_NAMES = {
    *("_Unpickler", "_exit", "_getframe", "_signal", "_thread", "_value2member_map_"),
    *("_urandom", "_xoptions"),
}
"""Python's own: the tests run with each version of Python that the package supports."""


@cache
def trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text()) for file in sorted(PACKAGE.rglob("*.py"))}


def imported_modules() -> set[str]:
    modules = set()
    for tree in trees().values():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                modules |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                modules.add(node.module)
    tops = {module.partition(".")[0] for module in modules}
    return tops - sys.stdlib_module_names - {"stagebook"}


def requirements() -> list[Requirement]:
    extras = [line for lines in PROJECT["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in (*PROJECT["dependencies"], *extras)]


def test_each_imported_library_is_declared() -> None:
    declared = {canonicalize_name(requirement.name) for requirement in requirements()}
    providers = metadata.packages_distributions()
    undeclared = {
        module
        for module in imported_modules()
        if not declared & {canonicalize_name(name) for name in providers[module]}
    }
    assert undeclared == set()


def test_each_declared_library_has_a_lower_bound() -> None:
    bounds = {requirement.name: str(requirement.specifier) for requirement in requirements()}
    del bounds["stagebook"]  # an extra that includes others
    assert [name for name, bound in bounds.items() if ">=" not in bound] == []


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def used_names(tree: ast.Module) -> Iterator[str]:
    """Private names that are imported, and private attributes of anything but the own object."""
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module=str(module), names=aliases):
                if not module.startswith("stagebook"):
                    yield from module.split(".")
                yield from (alias.name for alias in aliases)
            case ast.Import(names=aliases):
                yield from (part for alias in aliases for part in alias.name.split("."))
            case ast.Attribute(value=ast.Name(id="self" | "cls")):
                pass
            case ast.Attribute(attr=name):
                yield name


def own_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.Assign(targets=[ast.Name(id=name)]):
                yield name


def test_private_names_of_libraries_are_listed() -> None:
    own = {name for tree in trees().values() for name in own_names(tree)} - {"_Unpickler"}
    used = {name for tree in trees().values() for name in used_names(tree) if is_private(name)}
    listed = {name for names in PRIVATE_NAMES.values() for name in names}
    assert used - own - PYTHON_NAMES - listed == set()
    assert listed - used == set()


@pytest.mark.parametrize("library", PRIVATE_NAMES)
def test_private_names_were_checked_with_the_installed_version(library: str) -> None:
    name, checked = library.split()
    installed = Version(metadata.version(name))
    assert f"{installed.major}.{installed.minor}" == checked
