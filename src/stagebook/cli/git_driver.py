"""What git calls: ``python -P -m stagebook.cli.git_driver``, as `stagebook setup-git` configures.

It imports only what the job needs, since git starts it for each file.
"""

import sys
from pathlib import Path

CONFLICT = 3
"""The exit code of a merge with conflicts; Python itself ends with 1 if it cannot start."""

_NO_LAYOUT = 4


def main() -> int:
    """Does the job in ``sys.argv``; returns the exit code."""
    job, *words = sys.argv[1:]
    if job == "strip":
        return _strip()
    if job == "show":
        return _show(Path(words[0]))
    return _merge_lock(*words)


def _strip() -> int:
    """Copies a notebook from standard input to standard output, without its outputs."""
    from stagebook.notebook.lean import lean_import

    sys.argv[1:] = ["--keep-id"]
    lean_import("nbstripout").main()
    return 0


def _show(file: Path) -> int:
    """Prints a notebook's cells as code; a file that is no notebook as it is."""
    from stagebook.notebook import cells
    from stagebook.notebook.percent import render
    from stagebook.project.errors import StagebookError

    content = file.read_bytes()
    try:
        text = render(cells.parse(content.decode("utf-8-sig"), file.name))
        content = text.encode("utf-8", "surrogateescape")
    except (StagebookError, ValueError):
        pass
    sys.stdout.buffer.write(content)
    return 0


def _merge_lock(
    ours: str, base: str, theirs: str, size: str, our_name: str = "", their_name: str = ""
) -> int:
    """Merges a ``dvc.lock`` into the file ``ours``, which stays as it is if that is impossible.

    Git before 2.45 passes ``%X`` and ``%Y`` in place of names.
    """
    from stagebook.pipeline.lock_merge import ConflictMarkers, merge
    from stagebook.project.files import write_whole

    texts = [
        Path(path).read_bytes().decode("utf-8", "surrogateescape") for path in (base, ours, theirs)
    ]
    markers = ConflictMarkers(
        "ours" if our_name in ("", "%X") else our_name,
        "theirs" if their_name in ("", "%Y") else their_name,
        int(size),
    )
    merged = merge(texts[0], texts[1], texts[2], markers)
    if merged is None:
        return _NO_LAYOUT
    write_whole(Path(ours), merged.text.encode("utf-8", "surrogateescape"))
    return CONFLICT if merged.conflicts else 0


if __name__ == "__main__":
    sys.exit(main())
