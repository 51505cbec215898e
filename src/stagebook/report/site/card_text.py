"""A model card as HTML: HTML in it is shown as text, and its tables are aligned."""

import re
from collections.abc import Iterator

import mistune

_DIGITS = 4  # that a card gives of a number
_RULE = re.compile(r"\|( *:?-+:? *\|)+")
_DECIMAL = re.compile(r"(?<![\w.])(\d+)\.(\d+)(?![\w.])")
_NUMBERS = re.compile(r"[+−-]?[\d.,]+(e[+-]?\d+)?( \([+−-]?[\d.,]+ to [+−-]?[\d.,]+\))?|nan|")
_MOMENT = re.compile(r"<td>(\d{4}-\d\d-\d\d[^<]{0,25})</td>")
_CELLS = re.compile(r"(?<!\\)\|")


def shown(text: str) -> str:
    """The HTML of a card, whose heading is that of the page and is left out.

    Args:
        text: The card, as Markdown.
    """
    _, _, body = text.partition("\n")
    render = mistune.create_markdown(escape=True, plugins=["table"])
    html = str(render("\n".join(_aligned(_lowered(body.splitlines())))))
    html = html.replace(' style="text-align:right"', ' class="number"')  # as no page has styles
    html = _MOMENT.sub(r'<td class="moment">\1</td>', html)
    scrolled = '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>'
    return html.replace("<table>", scrolled).replace("</table>", "</table></div>")


def _lowered(lines: list[str]) -> Iterator[str]:
    """A card's headings are second to that of the page already; none may be above them."""
    yield from (f"#{line}" if line.startswith("# ") else line for line in lines)


def _aligned(lines: Iterator[str]) -> Iterator[str]:
    """Lines in which each table has its numbers on the right, with as many decimals."""
    table: list[str] = []
    for line in lines:
        if line.startswith("|"):
            table.append(line)
            continue
        yield from _table(table)
        table = []
        yield line
    yield from _table(table)


def _table(lines: list[str]) -> list[str]:
    """The lines of a table with its columns of numbers aligned; others as they are."""
    if len(lines) < 3 or not _RULE.fullmatch(lines[1].strip()):
        return lines
    head, rule, *rows = [[item.strip() for item in _CELLS.split(line)[1:-1]] for line in lines]
    if any(len(row) != len(head) for row in (rule, *rows)):
        return lines
    for place in range(len(head)):
        cells = [row[place] for row in rows]
        if any(cells) and all(_NUMBERS.fullmatch(item) for item in cells):
            rule[place] = "---:"
            for row, cell in zip(rows, _level(cells), strict=True):
                row[place] = cell
    return [f"| {' | '.join(row)} |" for row in (head, rule, *rows)]


def _level(cells: list[str]) -> list[str]:
    """Numbers with the decimals of the longest, but with no more digits than a card gives."""
    longest = max((len(item[1]) for cell in cells for item in _DECIMAL.findall(cell)), default=0)

    def filled(match: re.Match[str]) -> str:
        whole, part = match[1], match[2]
        lead = len(part) - len(part.lstrip("0")) if whole == "0" else -len(whole)
        return f"{whole}.{part.ljust(min(longest, _DIGITS + lead), '0')}"

    return [_DECIMAL.sub(filled, cell) for cell in cells]
