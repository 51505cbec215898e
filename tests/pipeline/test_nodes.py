"""Which stages write what a stage reads."""

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from stagebook.pipeline.nodes import Node, makers_of

PATHS = st.lists(st.sampled_from(["a", "b", ".."]), min_size=0, max_size=3).map(
    lambda parts: str(PurePosixPath(*parts))
)
STAGES = st.lists(st.tuples(st.lists(PATHS, max_size=3), st.lists(PATHS, max_size=3)), max_size=8)


def nodes(*stages: tuple[list[str], list[str]]) -> list[Node]:
    """Stages named by their places, with what each reads and writes."""
    return [
        Node(str(place), tuple(reads), tuple(writes))
        for place, (reads, writes) in enumerate(stages)
    ]


@given(STAGES)
def test_the_makers_of_a_stage_write_what_it_reads_or_what_lies_in_it_or_around_it(
    stages: list[tuple[list[str], list[str]]],
) -> None:
    def share(one: str, other: str) -> bool:
        first, second = PurePosixPath(one), PurePosixPath(other)
        return first.is_relative_to(second) or second.is_relative_to(first)

    expected = {
        str(place): [
            str(other)
            for other, (_, writes) in enumerate(stages)
            if other != place and any(share(dep, out) for dep in reads for out in writes)
        ]
        for place, (reads, _) in enumerate(stages)
    }
    makers = makers_of(nodes(*stages))
    assert {name: [node.name for node in before] for name, before in makers.items()} == expected


def test_a_file_in_a_folder_that_a_stage_writes_comes_from_that_stage() -> None:
    makers = makers_of(nodes(([], ["data"]), (["data/raw/flights.csv"], ["model.pkl"])))
    assert [node.name for node in makers["1"]] == ["0"]
