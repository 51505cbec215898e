"""The word that a picture scrolls sideways, where it is wider than the window."""

_MARGIN = 34  # pixels that a page leaves beside a picture


def cue(picture: str) -> str:
    """The style that shows ``p.swipe`` in windows that a picture does not fit into.

    Args:
        picture: An SVG of ``graph_picture``, which names its width in pixels first.
    """
    width = picture.partition(' width="')[2].partition('"')[0]
    if not width.isdigit():
        return ""
    return f"@media (max-width: {int(width) + _MARGIN}px) {{ .swipe {{ display: block; }} }}\n"
