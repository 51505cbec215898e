"""What a notebook names as its result."""

import pytest
from articles import PIXEL, code, data, markdown, parsed, printed

RESULT = "**Better** by 4 points.\n\nMore on that."


@pytest.mark.parametrize(
    "cell",
    [
        markdown(RESULT, "result"),
        markdown(f"## In short\n\n{RESULT}", "result"),
        code(
            "say()", printed("log"), data("text/markdown", RESULT), tags=("remove-input", "result")
        ),
    ],
)
def test_the_first_paragraph_of_a_tagged_cell_is_the_result(cell: dict[str, object]) -> None:
    if cell["cell_type"] == "code":
        cell = {**cell, "outputs": cell["outputs"][1:]}  # type: ignore[index]
    found = parsed(markdown("# Title"), cell, markdown("Other.")).highlights
    assert found.result == "<p><strong>Better</strong> by 4 points.</p>"
    assert found.anchors == ("cell-2", "")


def test_the_last_tagged_cell_counts_and_an_untagged_one_does_not() -> None:
    cells = (markdown("One.", "result"), markdown("Two.", "result"), markdown("Three."))
    assert parsed(*cells).highlights.result == "<p>Two.</p>"
    assert parsed(markdown("Three.")).highlights.result == ""


def test_what_a_cell_prints_can_be_the_result() -> None:
    found = parsed(code("say()", printed("42 of 43\n"), tags=("result",))).highlights
    assert "42 of 43" in found.result


def test_a_tagged_figure_is_the_headline() -> None:
    plot = code("plot()", printed("x"), data("image/png", PIXEL), tags=("headline",))
    found = parsed(code("0", data("image/png", "")), plot).highlights
    assert PIXEL in found.figure
    assert found.anchors == ("", "cell-2")


def test_a_cell_that_is_left_out_names_nothing() -> None:
    assert parsed(markdown("Secret.", "result", "remove-cell")).highlights.result == ""
    hidden = code("1", data("text/markdown", "Secret."), tags=("result", "remove-output"))
    assert parsed(hidden).highlights.result == ""


def test_a_result_is_harmless_and_has_no_heading() -> None:
    text = "<h1>x</h1><script>pwned</script><p style='position:fixed'>y</p>"
    found = parsed(code("1", data("text/markdown", text), tags=("result",))).highlights
    assert "<script" not in found.result
    assert "<h1" not in found.result
    assert "position" not in found.result
