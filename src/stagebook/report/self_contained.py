"""The templates of pages that load nothing, and the style that they share."""

import base64
import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

_CLOSED = "base-uri 'none'; form-action 'none'"


def render(
    template: str,
    style: str = "",
    *,
    script: str = "",
    foreign: bool = False,
    interactive: bool = False,
    **values: Any,
) -> str:
    """A page from a template, with a content security policy that has the hash of its style.

    Args:
        template: The template's file.
        style: CSS of this page alone, after that of all pages.
        script: The page's own script, which runs though no other does.
        foreign: Whether the page holds HTML of others, with styles and pictures of its own.
        interactive: Whether scripts in that HTML may run. Nothing is loaded even so.
        values: What else the template names.
    """
    full_style = stylesheet() + style
    page = _environment().get_template(template)
    return (
        page.render(
            style=full_style,
            script=script,
            policy=_policy(full_style, script, foreign=foreign, interactive=interactive),
            **values,
        )
        + "\n"
    )


def part(template: str, **values: Any) -> str:
    """A part of a page from a template.

    Args:
        template: The template's file.
        values: What the template names.
    """
    return _environment().get_template(template).render(**values)


def _policy(style: str, script: str, *, foreign: bool, interactive: bool) -> str:
    """What a browser may do with a page: show it, and run the script that is named."""
    styles = "'unsafe-inline'" if foreign else f"'{_named(style)}'"
    parts = ["default-src 'none'", f"style-src {styles}"]
    if foreign:
        parts.append("img-src data:; media-src data:; font-src data:")
    if interactive:
        parts.append("script-src 'unsafe-inline' 'unsafe-eval'")
    elif script:
        parts.append(f"script-src '{_named(script)}'")
    return "; ".join([*parts, _CLOSED])


def _named(text: str) -> str:
    """The name that a policy has for a style or a script."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def stylesheet() -> str:
    """The style of all pages that show tables."""
    return source("page.css")


def source(name: str) -> str:
    """The text of a file beside the templates."""
    text, _, _ = PackageLoader("stagebook.report").get_source(_environment(), name)
    return text


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("stagebook.report"), autoescape=True, undefined=StrictUndefined
    )
