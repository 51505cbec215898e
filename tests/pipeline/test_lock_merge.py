"""Two versions of a ``dvc.lock`` become one, stage by stage."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from lock_texts import HEAD, lock_of, stage

from stagebook.pipeline import lock
from stagebook.pipeline.lock_merge import ConflictMarkers, MergedLock, merge

Versions = dict[str, int]


def sources(**versions: int) -> str:
    outs = (
        f"    - path: .stagebook/sources/{name}.py\n      md5: {version:032x}\n"
        for name, version in versions.items()
    )
    return f"{HEAD}  sources:\n    cmd: stagebook sources\n    outs:\n{''.join(outs)}"


def merged(base: str, ours: str, theirs: str) -> MergedLock:
    result = merge(base, ours, theirs)
    assert result is not None
    return result


def built(text: str) -> Versions:
    return {name: int(entry.outs[0].md5, 16) for name, entry in lock.parse(text).entries.items()}


VERSIONS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 2))


@given(VERSIONS, VERSIONS, VERSIONS)
def test_each_stage_is_that_of_the_side_that_changed_it(
    base: Versions, ours: Versions, theirs: Versions
) -> None:
    assume(ours and theirs)
    result = merged(lock_of(**base), lock_of(**ours), lock_of(**theirs))
    conflicts: set[str] = set()
    expected: dict[str, int | None] = {}
    for name in {*ours, *theirs}:
        before, one, other = base.get(name), ours.get(name), theirs.get(name)
        if one == other or other == before:
            expected[name] = one
        elif one == before:
            expected[name] = other
        elif one is not None and other is not None:
            conflicts.add(name)
    assert set(result.conflicts) == conflicts
    for choice, side in ((r"\1", ours), (r"\2", theirs)):
        whole = re.sub(
            r"<{7} ours\n((?:.*\n)*?)={7}\n((?:.*\n)*?)>{7} theirs\n", choice, result.text
        )
        chosen = {**expected, **{name: side[name] for name in conflicts}}
        assert built(whole) == {name: value for name, value in chosen.items() if value is not None}


@given(VERSIONS, VERSIONS)
def test_a_version_merged_with_what_it_came_from_is_itself(
    base: Versions, changed: Versions
) -> None:
    before, after = lock_of(**base), lock_of(**changed)
    if base and changed:
        assert merged(before, after, before) == MergedLock(after)
        assert built(merged(before, before, after).text) == changed


def test_a_conflict_holds_both_texts_of_its_stage_and_nothing_else() -> None:
    result = merged(lock_of(a=0, b=0, c=0), lock_of(a=1, b=1, c=0), lock_of(a=0, b=2, c=2))
    conflict = f"<<<<<<< ours\n{stage('b', 1)}=======\n{stage('b', 2)}>>>>>>> theirs\n"
    assert result.text == f"{HEAD}{stage('a', 1)}{conflict}{stage('c', 2)}"
    assert result.conflicts == ("b",)


def test_markers_have_the_names_and_the_size_that_git_gives() -> None:
    markers = ConflictMarkers("HEAD", "topic", 9)
    result = merge(lock_of(a=0), lock_of(a=1), lock_of(a=2), markers)
    assert result is not None
    assert [line for line in result.text.splitlines() if line[0] in "<=>"] == [
        "<<<<<<<<< HEAD",
        "=========",
        ">>>>>>>>> topic",
    ]


def test_a_stage_that_is_new_on_one_side_comes_after_its_predecessor() -> None:
    result = merged(lock_of(a=0, z=0), lock_of(a=0, z=1), lock_of(a=0, m=0, z=0, end=0))
    assert list(built(result.text)) == ["a", "m", "z", "end"]


def test_a_stage_that_one_side_renamed_and_the_other_built_has_the_new_name_only() -> None:
    result = merged(lock_of(train=0, x=0), lock_of(fit=1, x=0), lock_of(train=2, x=3))
    assert built(result.text) == {"fit": 1, "x": 3}
    assert result.conflicts == ()


def test_both_sides_may_add_the_same_stage() -> None:
    assert merged("", lock_of(a=1), lock_of(a=1)).text == lock_of(a=1)
    assert merged("", lock_of(a=1), lock_of(a=2)).conflicts == ("a",)


def test_a_lock_whose_last_stage_is_removed_has_no_stages() -> None:
    result = merged(lock_of(a=0, b=0), lock_of(a=0), lock_of(b=0))
    assert result.text == "schema: '2.0'\nstages: {}\n"
    assert lock.parse(result.text).entries == {}


def test_sources_merge_file_by_file() -> None:
    result = merged(
        sources(a=0, b=0, gone=0, same=0),
        sources(a=1, b=0, gone=0, same=1),
        sources(a=0, b=2, new=3, same=2),
    )
    assert result.conflicts == ()
    (entry,) = lock.parse(result.text).entries.values()
    assert {out.path[19:-3]: int(out.md5, 16) for out in entry.outs} == {
        "a": 1,
        "b": 2,
        "new": 3,
        "same": 1,
    }


def test_the_site_is_that_of_our_side() -> None:
    base, ours, theirs = (HEAD + stage("site", number, "stagebook report") for number in range(3))
    assert merged(base, ours, theirs) == MergedLock(ours)


def test_a_comment_above_a_stage_stays_with_it_whoever_built_it() -> None:
    base = lock_of(a=0, b=0, c=0)
    ours = lock_of(a=0, b=1, c=0)
    theirs = base.replace("  b:", "  # slow\n  b:")
    expected = ours.replace("  b:", "  # slow\n  b:")
    assert merged(base, ours, theirs).text == expected
    assert merged(base, theirs, ours).text == expected


def test_the_same_values_in_another_spelling_are_no_change() -> None:
    theirs = lock_of(a=0).replace("path: a.txt", "path: 'a.txt'")
    assert merged(lock_of(a=0), lock_of(a=1), theirs).text == lock_of(a=1)


def test_windows_line_ends_stay() -> None:
    texts = (lock_of(a=a, b=b).replace("\n", "\r\n") for a, b in ((0, 0), (1, 0), (0, 2)))
    assert merged(*texts).text == lock_of(a=1, b=2).replace("\n", "\r\n")


def test_a_base_with_conflicts_counts_as_far_as_it_is_known() -> None:
    conflict = merged(lock_of(a=0, b=0), lock_of(a=1, b=0), lock_of(a=2, b=0)).text
    result = merged(conflict, lock_of(a=1, b=0), lock_of(a=1, b=3))
    assert result == MergedLock(lock_of(a=1, b=3))
    assert merged(conflict, lock_of(a=1, b=0), lock_of(a=2, b=3)).conflicts == ("a",)


@pytest.mark.parametrize(
    "text",
    [
        "a:\n  cmd: before DVC 2\n  outs: []\n",
        "schema: '3.0'\nstages:\n" + stage("a", 5),
        merged(lock_of(a=0), lock_of(a=1), lock_of(a=2)).text,
        HEAD + "  a: [\n",
        HEAD + stage("a", 1) + stage("a", 2),
        "not: a lock\n",
    ],
    ids=["DVC 1", "another schema", "with conflicts", "no YAML", "a stage twice", "other"],
)
def test_a_text_of_another_layout_is_left_to_a_merge_of_lines(text: str) -> None:
    assert merge(lock_of(a=0), text, lock_of(a=7)) is None
    assert merge(lock_of(a=0), lock_of(a=7), text) is None


def test_an_anchor_whose_stage_is_gone_is_left_to_a_merge_of_lines() -> None:
    anchored = f"{HEAD}  a:\n    cmd: &x make\n  b:\n    cmd: *x\n"
    assert merge(anchored, anchored, lock_of(a=7)) is None
