"""Two texts as one, line by line, with what went and what came marked."""

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from stagebook.project.text import counted
from stagebook.report.article.ansi import coloured

_CHARACTERS = 40_000
_LINES = 1_000
_WIDEST = 1_000
_CONTEXT = 2  # lines that are the same, before and after what is not


def diff(before: str, now: str) -> str:
    """HTML of two texts, in which ``del`` marks what is gone and ``ins`` what is new.

    Args:
        before: The one text.
        now: The other.
    """
    left, right = _lines(before), _lines(now)
    rows = list(_rows(left, right))
    cut = any(len(item) > _CHARACTERS or item.count("\n") >= _LINES for item in (before, now))
    if cut:
        rows.append('<span class="skipped rest">… the rest is in the executed notebooks</span>')
    return f'<pre class="diff" tabindex="0">{"".join(rows)}</pre>'


def _lines(text: str) -> list[str]:
    lines = text[:_CHARACTERS].rstrip("\n").split("\n")[:_LINES]
    # a terminal shows what was written over a line last
    return [line.rstrip("\r").rpartition("\r")[2][:_WIDEST] for line in lines]


def _rows(left: Sequence[str], right: Sequence[str]) -> Iterator[str]:
    matcher = SequenceMatcher(None, left, right)
    codes = matcher.get_opcodes()
    for place, (kind, start, end, begin, stop) in enumerate(codes):
        if kind == "equal":
            yield from _same(right[begin:stop], first=place == 0, last=place == len(codes) - 1)
        else:
            yield from (_row("del", "−", line) for line in left[start:end])
            yield from (_row("ins", "+", line) for line in right[begin:stop])


def _same(lines: Sequence[str], *, first: bool, last: bool) -> Iterator[str]:
    head = 0 if first else _CONTEXT
    tail = 0 if last else _CONTEXT
    skipped = len(lines) - head - tail
    if skipped <= 1:
        yield from (_row("span", " ", line) for line in lines)
        return
    yield from (_row("span", " ", line) for line in lines[:head])
    yield f'<span class="skipped">… {counted(skipped, "line")} unchanged</span>'
    yield from (_row("span", " ", line) for line in lines[len(lines) - tail :])


def _row(tag: str, sign: str, line: str) -> str:
    return f"<{tag}>{sign} {coloured(line)}</{tag}>"
