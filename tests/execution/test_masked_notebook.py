"""Every text of an executed notebook is masked; what its images are made of is left alone."""

from typing import Any

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from stagebook.execution import masked_notebook
from stagebook.project.masks import Masks

SECRET = "s3cr3t-value"
MASKS = Masks.of({"API_TOKEN": SECRET})


def hidden(*outputs: Any, source: str = "1 + 1", **metadata: Any) -> Any:
    cell = new_code_cell(source, outputs=list(outputs), metadata=metadata)
    node = new_notebook(cells=[cell], metadata={"papermill": {"parameters": metadata}})
    return nbformat.reads(masked_notebook.hide(nbformat.writes(node), MASKS), 4)


def stream(text: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=text)


def shown(kind: str, content: Any) -> Any:
    return new_output("display_data", data={kind: content})


@pytest.mark.parametrize(
    "output",
    [
        stream(f"one\n{SECRET}\n"),
        stream(SECRET, "stderr"),
        new_output("execute_result", data={"text/plain": repr(SECRET)}),
        shown("text/html", f"<b>{SECRET}</b>\n<i>more</i>"),
        shown("text/markdown", f"**{SECRET}**"),
        shown("text/latex", SECRET),
        shown("image/svg+xml", f"<svg><text>{SECRET}</text></svg>"),
        shown("application/json", {"a": [SECRET], SECRET: 1}),
        shown("application/vnd.plotly.v1+json", {"layout": {"title": SECRET}}),
        shown("application/javascript", f"let a = '{SECRET}'"),
        new_output("error", ename="E", evalue=SECRET, traceback=[f"\x1b[31mE\x1b[0m: {SECRET}"]),
    ],
    ids=lambda output: next(iter(output.get("data", [output.output_type]))),
)
def test_a_text_output_is_masked(output: Any) -> None:
    text = nbformat.writes(hidden(output))
    assert "***" in text
    assert SECRET not in text


def test_source_and_metadata_are_masked() -> None:
    text = nbformat.writes(hidden(source=f"token = '{SECRET}'", token=SECRET))
    assert text.count("***") == 3
    assert SECRET not in text
    cell = new_markdown_cell(f"# {SECRET}")
    node = new_notebook(cells=[cell])
    assert SECRET not in masked_notebook.hide(nbformat.writes(node), MASKS)


def test_a_secret_in_pieces_is_masked_and_all_other_text_is_kept() -> None:
    outputs = [stream("a s3cr3t"), stream("err\n", "stderr"), stream("-val"), stream("ue b")]
    found = hidden(*outputs).cells[0].outputs
    assert [(one.name, one.text) for one in found] == [("stdout", "a *** b"), ("stderr", "err\n")]


def test_pieces_without_a_secret_stay_pieces() -> None:
    outputs = [stream("a"), stream("err", "stderr"), stream("b")]
    assert [one.text for one in hidden(*outputs).cells[0].outputs] == ["a", "err", "b"]


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "application/pdf", "audio/wav"])
def test_what_is_no_text_is_left_alone(kind: str) -> None:
    masks = Masks.of({"API_TOKEN": "iVBORw0KGgo"})
    node = new_notebook(cells=[new_code_cell("1", outputs=[shown(kind, "iVBORw0KGgoAAAA=")])])
    text = nbformat.writes(node)
    assert nbformat.reads(masked_notebook.hide(text, masks), 4) == nbformat.reads(text, 4)


def test_without_secrets_not_a_byte_changes() -> None:
    assert masked_notebook.hide("{ }", Masks()) == "{ }"


@pytest.mark.parametrize("word", ["completed", "papermill", "ipython3", "duration", "parameters"])
def test_a_secret_that_is_a_word_of_the_format_takes_nothing_from_the_format(word: str) -> None:
    told = {"status": "completed", "duration": 0.5, "exception": False}
    cell = new_code_cell(f"print('{word}')", metadata={"papermill": told})
    language = {"name": "python", "pygments_lexer": "ipython3"}
    about = {"parameters": {"a": word}, "duration": 1.5}
    node = new_notebook(cells=[cell], metadata={"papermill": about, "language_info": language})
    text = masked_notebook.hide(nbformat.writes(node), Masks.of({"APP_KEY": word}))
    found = nbformat.reads(text, 4)
    nbformat.validate(found)
    assert found.cells[0].metadata.papermill == told
    assert found.cells[0].source == "print('***')"
    assert found.metadata.language_info == language
    assert found.metadata.papermill == {**about, "parameters": {"a": "***"}}
