"""Whether a ``dvc.yaml`` has only what DVC accepts for sure, so that DVC need not be asked."""

from collections.abc import Mapping
from typing import Any

from stagebook.pipeline import dvc_file

_WRITTEN = ("outs", "metrics", "plots")
_LISTS = ("deps", "params", *_WRITTEN)
_DETAILED = ("params", *_WRITTEN)
_FLAGS: Mapping[str, type] = {"cache": bool, "persist": bool, "push": bool}
_PLOT_FLAGS: Mapping[str, type] = {
    **_FLAGS,
    **dict.fromkeys(("x", "y", "template", "title", "x_label", "y_label"), str),
}
_KINDS: Mapping[str, Any] = {
    "cmd": str | list,
    "wdir": str,
    "desc": str,
    "meta": object,
    "frozen": bool,
    "always_changed": bool,
    **dict.fromkeys(_LISTS, list),
}


def is_plain(text: str) -> bool:
    """Whether a text has only stages with the usual keys and values, which DVC accepts.

    DVC itself says whether it accepts another one.
    """
    entries = dvc_file.document(text)
    listed = entries.get("stages")
    return (
        entries.keys() <= {"stages"}
        and isinstance(listed, Mapping | None)
        and all(map(_is_plain, (listed or {}).values()))
    )


def _is_plain(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not entry.keys() <= _KINDS.keys() or not entry.get("cmd"):
        return False
    return all(isinstance(value, _KINDS[key]) for key, value in entry.items()) and all(
        isinstance(item, str) or (key in _DETAILED and _has_usual_flags(key, item))
        for key in (*_LISTS, "cmd")
        for item in (entry.get(key) if isinstance(entry.get(key), list) else ()) or ()
    )


def _has_usual_flags(key: str, item: Any) -> bool:
    """Whether an item of a list has one path, with keys of params or with flags of outputs."""
    if not isinstance(item, Mapping) or len(item) != 1 or not isinstance(next(iter(item)), str):
        return False
    (value,) = item.values()
    if key == "params":
        return value is None or (
            isinstance(value, list) and all(isinstance(name, str) for name in value)
        )
    flags = _PLOT_FLAGS if key == "plots" else _FLAGS
    return isinstance(value, Mapping) and all(
        isinstance(state, flags.get(flag, ())) for flag, state in value.items()
    )
