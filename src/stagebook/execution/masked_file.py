"""A text file without secrets, written piece by piece."""

from pathlib import Path

from stagebook.project.masks import Masks

_BLOCK = 1 << 18
_REACH = 4096
_LONGEST_BLOCK = 1 << 22


class MaskedFile:
    """A file that receives a text in pieces and hides secrets, also those that pieces split.

    Text is kept back until a place is found at which no secret is cut in two.

    Args:
        path: The file.
        masks: The secrets to hide.
    """

    def __init__(self, path: Path, masks: Masks) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("wb", buffering=0)
        self._masks = masks
        self._pending: list[str] = []
        self._size = 0
        lengths = [len(form) for form in (*masks.forms, *masks.readings)]
        self._reach = max(_REACH, 8 * max(lengths, default=0))

    def write(self, text: str) -> str:
        """Adds a piece; returns what could be written, without secrets."""
        if not self._masks.forms:
            self._file.write(text.encode(errors="replace"))
            return text
        self._pending.append(text)
        self._size += len(text)
        if self._size < _BLOCK + self._reach:
            return ""
        pending = "".join(self._pending)
        cut = self._cut(pending)
        if not cut and self._size < _LONGEST_BLOCK:
            return ""
        cut = cut or len(pending)
        self._pending, self._size = [pending[cut:]], len(pending) - cut
        return self._written(pending[:cut])

    def close(self) -> str:
        """Ends the file; returns what was written last."""
        last = self._written("".join(self._pending))
        self._pending, self._size = [], 0
        self._file.close()
        return last

    def _written(self, text: str) -> str:
        hidden = self._masks.hide(text)
        if not self._file.closed:
            self._file.write(hidden.encode(errors="replace"))
        return hidden

    def _cut(self, text: str) -> int:
        """A place at which no secret is cut in two; 0 if none is found."""
        place = len(text) - self._reach
        while place > self._reach:
            before, after = text[place - self._reach : place], text[place : place + self._reach]
            whole = self._masks.hide(before + after)
            if self._masks.hide(before) + self._masks.hide(after) == whole:
                return place
            place -= self._reach
        return 0
