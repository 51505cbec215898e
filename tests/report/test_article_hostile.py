"""Outputs and Markdown of a notebook that mean harm: nothing of them acts, loads or breaks out."""

from collections.abc import Iterator

import pytest
from articles import code, data, markdown, page, parsed, printed, raised
from elements import Elements
from hypothesis import given
from hypothesis import strategies as st

from stagebook.report.article import sanitised

ALLOWED = sanitised.TAGS | {"template", "style"}  # the two of a shadow root
MATHS = {"math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub"}
MATHS |= {"msup", "msubsup", "munder", "mover", "munderover", "mtable", "mtr", "mtd", "mstyle"}
MATHS |= {"mpadded", "mphantom", "merror", "menclose", "mmultiscripts", "mprescripts", "none"}
HARM = """
<script>pwned</script>
<img src=x onerror=pwned>
<svg onload=pwned><script>pwned</script><foreignObject><iframe></iframe></foreignObject></svg>
<a href="javascript:pwned">a</a>
<a href="java&#9;script:pwned">a</a>
<a href="data:text/html,<script>pwned</script>">a</a>
<iframe src="https://example.org"></iframe>
<object data="https://example.org"></object><embed src="x">
<link rel="stylesheet" href="https://example.org/a.css">
<meta http-equiv="refresh" content="0;url=https://example.org">
<base href="https://example.org">
<form action="https://example.org"><input name="a"><button formaction="x">b</button></form>
<style>@import url(https://example.org/a.css); :host { position: fixed }</style><p>x</p>
<style></style/><script>pwned</script></style>
<style><!--</style><img src=x onerror=pwned>--></style>
<p style="position:fixed;inset:0;background:url(https://example.org/a.png)">x</p>
<p style="margin:-9999px;background-image:url(x);color:red">x</p>
<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror=pwned&gt;">
<svg></p><style><a id="</style><img src=x onerror=pwned>">
<template shadowrootmode="open"><script>pwned</script></template>
</template></div></main></body><script>pwned</script>
<noscript><p title="</noscript><img src=x onerror=pwned>">
<textarea><img title="</textarea><img src=x onerror=pwned>"></textarea>
<span data-math="0"></span><img alt='<span data-math="0"></span>'>
<video src="https://example.org/v" poster="https://example.org/p"></video>
<img srcset="https://example.org/a 2x" src="//example.org/a.png" lowsrc="x">
<table background="https://example.org/a.png"><td background="x">1</td></table>
""".strip().splitlines()


def harm_in(html: str) -> Iterator[str]:
    """What in a body could act, load or leave its place."""
    for tag, facts in Elements(html).found:
        if tag not in ALLOWED | MATHS | {"pre", "code"}:
            yield tag
        for name, value in facts.items():
            if name.startswith("on") or name in ("srcset", "action", "formaction", "background"):
                yield f"{tag} {name}"
            if name == "src" and not value.startswith("data:image/"):
                yield f"{tag} {name} {value}"
            if name == "href" and not value.startswith(("#", "http://", "https://", "mailto:")):
                yield f"{tag} {name} {value}"
            if name == "style" and any(bad in value for bad in ("position", "url", "inset", "-9")):
                yield f"{tag} {name} {value}"


@pytest.mark.parametrize("harm", HARM)
def test_harm_is_gone_wherever_it_stands(harm: str) -> None:
    body = parsed(
        markdown(f"# {harm}\n\n{harm}\n\nText {harm} and $x$\n\n[{harm}](x) ![{harm}](y)"),
        code(harm, data("text/html", harm), data("text/html", f"<style>p{{}}</style>{harm}")),
        code("1", data("text/markdown", harm), data("text/plain", harm), data("text/latex", harm)),
        code("2", printed(harm), printed(harm, "stderr"), data("application/json", {harm: harm})),
        code("3", data(harm, harm), data("image/svg+xml", harm), data("image/png", harm)),
        code("4", raised(harm, harm, harm)),
    ).body
    assert list(harm_in(body)) == []


@pytest.mark.parametrize("harm", HARM)
def test_harm_in_names_stays_text(harm: str) -> None:
    found = parsed(markdown(f"# {harm}"), markdown("## A"), code(harm, tags=(harm,)))
    shown = page(found)
    assert shown.count("<script>") == 1
    assert "onerror" not in "".join(f"{tag}{facts}" for tag, facts in Elements(shown).found)


WORDS = (
    "< > </ /> ' \" ` = & &lt; &#60; <!-- --> <![CDATA[ ]]> script style svg math template table td"
)
WORDS += " select a img p div onerror=x href=javascript:x src=//e.org style=position:fixed $ $$ { }"
WORDS += r" \text{ data-math=0 title= \begin{align} ![ ]( ) # | --- textarea noscript foreignObject"
TAGS = "<script> </script> <style> </style> <svg> </svg> <math> <mtext> <template> </template> <p>"
TAGS += " <img/src=x/onerror=x> <iframe/src=//e.org> <a/href=javascript:x> <p/style=position:fixed>"
TAGS += (
    " <table> <td> <select> <textarea> <noscript> <title> <!-- --> <foreignObject> <form/action=x>"
)
PIECES = st.sampled_from(TAGS.split()) | st.sampled_from(
    [*WORDS.split(), " ", "\n\n", '<span data-math="0"></span>', "\x00", "\x1b[31m", "\x1b]8;;"]
)
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=25).map("".join))
KINDS = st.sampled_from(
    ["text/html", "text/markdown", "text/latex", "text/plain", "image/svg+xml", "application/json"]
)


@given(TEXTS, KINDS)
def test_no_output_yields_an_element_that_is_not_allowed(value: str, kind: str) -> None:
    body = parsed(code("1", data(kind, value))).body
    assert list(harm_in(body)) == []


@given(TEXTS, TEXTS)
def test_neither_does_markdown_or_what_is_printed_or_raised(one: str, two: str) -> None:
    body = parsed(markdown(one), code(two, printed(one)), code("f()", raised(one, two, one))).body
    assert list(harm_in(body)) == []
    body.encode()


@given(TEXTS)
def test_sanitised_html_is_left_as_it_is(value: str) -> None:
    once = sanitised.clean(value)
    assert sanitised.clean(once) == once


NAMES = "cells cell_type source outputs metadata tags output_type data text text/html text/plain"
NAMES += (
    " image/png application/json traceback ename execution_count attachments caption alt figure"
)
KEYS = st.sampled_from(NAMES.split())
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=20,
)
OUTPUTS = st.fixed_dictionaries(
    {"output_type": st.sampled_from(["stream", "error", "display_data"])},
    optional=dict.fromkeys(("text", "data", "metadata", "name", "traceback", "evalue"), JSON),
)
CELLS = st.fixed_dictionaries(
    {"cell_type": st.sampled_from(["code", "markdown", "raw"]) | JSON},
    optional=dict.fromkeys(("source", "metadata", "execution_count", "attachments"), JSON)
    | {"outputs": JSON | st.lists(OUTPUTS, max_size=3)},
)


@given(st.lists(CELLS | JSON, max_size=4))
def test_no_shape_of_a_notebook_is_an_error(cells: list[dict[str, object]]) -> None:
    page(parsed(*cells)).encode()
