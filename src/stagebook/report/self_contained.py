"""The templates of pages that load nothing, and the style that they share."""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def render(template: str, style: str = "", **values: Any) -> str:
    """A page from a template, with a content security policy that knows its style by a hash.

    Args:
        template: The template's file.
        style: CSS of this page alone, after that of all pages.
        values: What else the template names.
    """
    whole = stylesheet() + style
    digest = base64.b64encode(hashlib.sha256(whole.encode()).digest()).decode()
    page = _environment().get_template(template)
    return page.render(style=whole, style_hash=f"sha256-{digest}", **values) + "\n"


def stylesheet() -> str:
    """The style of all pages that show tables."""
    text, _, _ = PackageLoader("stagebook.report").get_source(_environment(), "page.css")
    return text


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("stagebook.report"), autoescape=True, undefined=StrictUndefined
    )
