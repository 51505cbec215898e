"""Formulas in TeX as MathML, which a browser sets without a script."""

import re
from html import escape, unescape
from xml.etree.ElementTree import Element

_LONGEST = 5_000
_ELEMENT_NAMES = (
    "math mrow mi mn mo mtext mspace mfrac msqrt mroot msub msup msubsup munder mover munderover "
    "mtable mtr mtd mstyle mpadded mphantom merror menclose mmultiscripts mprescripts none"
)
_ATTRIBUTE_NAMES = (
    "accent accentunder columnalign columnlines columnspacing depth display displaystyle fence "
    "form frame height largeop linebreak linethickness lspace mathcolor mathsize mathvariant "
    "maxsize minsize movablelimits notation rowlines rowspacing rspace scriptlevel separator "
    "stretchy symmetric voffset width"
)
_ELEMENTS = frozenset(_ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_VALUE = re.compile(r"[\w\s.,#%+-]{1,60}")
_COMMAND = re.compile(r"<mi[^>]*>\\")
_DELIMITED = re.compile(
    r"\s*(?:\$\$(?P<a>.*)\$\$|\$(?P<b>.*)\$|\\\[(?P<c>.*)\\\]|\\\((?P<d>.*)\\\))\s*", re.DOTALL
)


def mathml(tex: str, *, block: bool = False) -> str | None:
    """A formula as MathML; nothing if it cannot be read as TeX.

    Args:
        tex: The formula, without what delimits it.
        block: Whether it stands by itself.
    """
    from latex2mathml.converter import convert_to_element

    if not tex.strip() or len(tex) > _LONGEST:
        return None
    try:
        element = convert_to_element(tex, display="block" if block else "inline")
        written = _written(element)
    except (Exception, RecursionError):  # the converter raises whatever its parsing trips over
        return None
    return None if _COMMAND.search(written) else written  # it keeps what it does not know


def output(text: str) -> str | None:
    """What an output has as LaTeX, such as SymPy's, as MathML."""
    match = _DELIMITED.fullmatch(text)
    inner = next((group for group in match.groups() if group is not None), "") if match else text
    return mathml(inner.strip().removeprefix(r"\displaystyle"), block=True)


def _written(element: Element) -> str:
    """MathML of known elements alone; the converter's own writing does not escape a text."""
    name = element.tag if element.tag in _ELEMENTS else "mrow"
    facts = "".join(
        f' {key}="{escape(value)}"'
        for key, value in element.attrib.items()
        if key in _ATTRIBUTES and _VALUE.fullmatch(value)
    )
    inner = _text(element.text) + "".join(_written(child) + _text(child.tail) for child in element)
    return f"<{name}{facts}>{inner}</{name}>"


def _text(text: str | None) -> str:
    return escape(unescape(text), quote=False) if text else ""
