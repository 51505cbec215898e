"""The note on a page about an output that is too large for it, with a link to the whole."""

import re
from html import escape
from urllib.parse import quote

from stagebook.execution.whole_outputs import WHOLE
from stagebook.report.article.executed import CellOutput

_FILE = re.compile(r"cell-\d+\.(?:stdout\.|stderr\.)?(?:\d+\.)?[a-z]{2,4}")


def note(output: CellOutput, folder: str) -> str:
    """The HTML of a note; empty if the output is none, or the page is not next to the files.

    The notebook may have written the same metadata, so only names that Stagebook gives are linked.

    Args:
        output: The output.
        folder: The folder of the whole outputs, relative to the page; empty without one.
    """
    whole = output.metadata.get(WHOLE)
    if not folder or not isinstance(whole, dict):
        return ""
    file, left, total = (whole.get(key) for key in ("file", "left", "total"))
    if not (isinstance(file, str) and _FILE.fullmatch(file)):
        return ""
    if not (isinstance(left, int) and isinstance(total, int)):
        return ""
    place = f"{folder}/{file}"
    link = f'<a href="{escape(quote(place))}">{escape(place)}</a>'
    return (
        f'<p class="said">… {left:,} of {total:,} characters are left out here. '
        f"The whole output is in {link}.</p>"
    )
