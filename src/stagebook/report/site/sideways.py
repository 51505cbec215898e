"""The word that a picture scrolls sideways, where it is wider than the window."""

_MARGIN = 34  # pixels that a page leaves beside a picture


def cue(picture: str) -> str:
    """The style of windows that a picture does not fit into: ``p.swipe`` and shadows at its edges.

    Args:
        picture: An SVG of ``graph_picture``, which names its width in pixels first.
    """
    width = picture.partition(' width="')[2].partition('"')[0]
    if not width.isdigit():
        return ""
    shadows = ".graph { background: var(--edges); background-repeat: no-repeat; }"
    narrow = f"screen and (max-width: {int(width) + _MARGIN}px)"
    return f"@media {narrow} {{ .swipe {{ display: block; }} {shadows} }}\n"
