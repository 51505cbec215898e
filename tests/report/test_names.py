"""Short names of paths: each leads to one path."""

from hypothesis import given
from hypothesis import strategies as st

from stagebook.report.site.names import apart

PARTS = st.sampled_from(["a", "b", "x.csv", "data"])
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


def test_a_name_is_as_long_as_it_must_be() -> None:
    assert apart(["a/x.csv", "b/x.csv", "a/y.csv"]) == {
        "a/x.csv": "a/x.csv",
        "b/x.csv": "b/x.csv",
        "a/y.csv": "y.csv",
    }


@given(st.sets(PATHS, max_size=12))
def test_no_name_stands_for_two_paths(paths: set[str]) -> None:
    names = apart(paths)
    assert len(set(names.values())) == len(paths)
    assert all(path == name or path.endswith(f"/{name}") for path, name in names.items())
