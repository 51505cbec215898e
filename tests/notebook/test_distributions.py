"""What is installed, and what that requires, as the metadata of real folders says."""

import importlib
import sys
from importlib import metadata
from pathlib import Path

import pytest

from stagebook.notebook.distributions import Installed, canonical


class Site:
    """A folder on ``sys.path`` that distributions are installed into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def install(
        self, name: str, version: str, *requires: str, modules: tuple[str, ...] = ()
    ) -> None:
        stem = name.replace("-", "_")
        for old in self.folder.glob(f"{stem}-*.dist-info"):
            for file in old.iterdir():
                file.unlink()
            old.rmdir()
        info = self.folder / f"{stem}-{version}.dist-info"
        info.mkdir()
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
        lines += [f"Requires-Dist: {one}" for one in requires]
        (info / "METADATA").write_text("\n".join(lines) + "\n", encoding="utf-8")
        (info / "top_level.txt").write_text("\n".join(modules or (name,)), encoding="utf-8")
        importlib.invalidate_caches()


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder)])
    return Site(folder)


def closure(*modules: str, also: tuple[str, ...] = ()) -> dict[str, str]:
    return Installed.scan().closure(modules, also)


def test_a_module_reaches_its_distribution(site: Site) -> None:
    site.install("scikit-learn", "1.9.0", modules=("sklearn",))
    site.install("other", "1.0")
    assert closure("sklearn") == {"scikit-learn": "1.9.0"}


def test_a_module_that_nothing_provides_reaches_nothing(site: Site) -> None:
    site.install("a", "1.0")
    assert closure("b") == {}
    assert not Installed.scan().provides("b")


def test_a_module_may_be_provided_by_several_distributions(site: Site) -> None:
    site.install("google-auth", "2.0", modules=("google",))
    site.install("protobuf", "5.0", modules=("google",))
    assert closure("google") == {"google-auth": "2.0", "protobuf": "5.0"}


def test_requirements_are_followed_all_the_way(site: Site) -> None:
    site.install("a", "1.0", "b>=1")
    site.install("b", "1.1", "c")
    site.install("c", "1.2")
    assert closure("a") == {"a": "1.0", "b": "1.1", "c": "1.2"}


def test_requirements_in_a_circle_end(site: Site) -> None:
    site.install("a", "1.0", "b")
    site.install("b", "1.1", "a")
    assert closure("a") == {"a": "1.0", "b": "1.1"}


def test_a_requirement_that_is_not_installed_is_passed_over(site: Site) -> None:
    site.install("a", "1.0", "b", "c")
    site.install("c", "1.2")
    assert closure("a") == {"a": "1.0", "c": "1.2"}


def test_a_requirement_nobody_can_parse_is_passed_over(site: Site) -> None:
    site.install("a", "1.0", "b (>=1.0.*.*)!", "c")
    site.install("c", "1.2")
    assert closure("a") == {"a": "1.0", "c": "1.2"}


@pytest.mark.parametrize(
    ("marker", "wanted"),
    [
        ("python_version >= '3.0'", True),
        ("python_version < '3.0'", False),
        (f"sys_platform == '{sys.platform}'", True),
        (f"sys_platform != '{sys.platform}'", False),
        ("extra == 'fast'", False),
    ],
)
def test_a_requirement_counts_where_its_marker_holds(site: Site, marker: str, wanted: bool) -> None:
    site.install("a", "1.0", f"b ; {marker}")
    site.install("b", "1.1")
    assert ("b" in closure("a")) is wanted


@pytest.mark.parametrize("extra", ["fast", "FAST", "fa-st"])
def test_an_extra_brings_its_requirements_and_the_plain_ones(site: Site, extra: str) -> None:
    name = extra.replace("-", "_")
    site.install("a", "1.0", f"b[{name}]")
    site.install("b", "1.1", f"c ; extra == '{extra}'", "d ; extra == 'slow'", "e")
    for other in "cde":
        site.install(other, "1.2")
    assert sorted(closure("a")) == ["a", "b", "c", "e"]


def test_two_paths_to_one_distribution_bring_both_their_extras(site: Site) -> None:
    site.install("a", "1.0", "b", "c[x]", "c[y]")
    site.install("b", "1.0", "c")
    site.install("c", "1.0", "d ; extra == 'x'", "e ; extra == 'y'")
    site.install("d", "1.0")
    site.install("e", "1.0")
    assert sorted(closure("a")) == ["a", "b", "c", "d", "e"]


def test_distributions_can_be_added_by_name_in_any_spelling(site: Site) -> None:
    site.install("Py_Arrow", "18.0", "b")
    site.install("b", "1.0")
    assert closure(also=("PY.arrow",)) == {"b": "1.0", "py-arrow": "18.0"}


def test_names_are_canonical_and_sorted(site: Site) -> None:
    site.install("Z_a", "1.0", "B.b", modules=("m",))
    site.install("b_B", "1.1")
    assert list(closure("m").items()) == [("b-b", "1.1"), ("z-a", "1.0")]
    assert canonical("Z_a") == "z-a"


def test_an_upgrade_is_seen_by_the_next_scan(site: Site) -> None:
    site.install("a", "1.0")
    assert closure("a") == {"a": "1.0"}
    site.install("a", "1.1", "b")
    site.install("b", "2.0")
    assert closure("a") == {"a": "1.1", "b": "2.0"}


def test_this_environment_is_scanned() -> None:
    versions = closure("pytest")
    assert versions["pytest"] == metadata.version("pytest")
    assert "pluggy" in versions
