"""Ids of predictions as short keys of equal length, which are sorted and searched at once."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from stagebook.project.errors import StagebookError
from stagebook.serving import ids

Keys = npt.NDArray[np.bytes_]
"""Of each id the 16 bytes of the request, which begin with its time, and 4 of the row."""

Flags = npt.NDArray[np.bool_]

_KEY = "S20"
_PLAIN = r"^[0-9a-f]{32}-(0|[1-9][0-9]*)$"
_LONGEST = 32 + 1 + 9  # characters of an id whose row fits into 4 bytes
_DAY = 86_400_000


def of_texts(texts: pa.Array) -> tuple[Keys, Flags]:
    """The keys of some texts, and which of these are ids of predictions.

    Args:
        texts: n values of any type, with the dashes of a UUID or without; others are no ids.

    Returns:
        As many keys as there are ids, and n flags.
    """
    if not _is_text(texts.type):
        texts = pa.nulls(len(texts), pa.string())
    plain = plain_ids(texts.cast(pa.string()))
    is_short = pc.less_equal(pc.utf8_length(plain), _LONGEST)
    plain = pc.if_else(is_short, plain, None)
    return _keys(plain.drop_null()), _flags(pc.is_valid(plain))


def of_rows(facts: pd.DataFrame) -> tuple[Keys, Flags]:
    """The keys of logged rows; see ``of_texts``.

    Args:
        facts: The columns ``request`` and ``row`` of ``LoggedRows``.
    """
    requests = pa.array(facts["request"], pa.string())
    rows = pa.array(facts["row"], pa.int32()).cast(pa.string())
    return of_texts(logged_ids(requests, rows))


def logged_ids(requests: pa.Array, rows: pa.Array) -> pa.Array:
    """The ids of predictions of logged rows.

    Args:
        requests: The ids of the requests.
        rows: The rows in them, as texts.
    """
    return pc.binary_join_element_wise(requests, rows, "-")


def plain_ids(texts: pa.Array) -> pa.Array:
    """Ids of predictions as the server writes them; null for what is no id.

    Args:
        texts: Texts, with the dashes of a UUID or without.
    """
    is_other = pc.invert(pc.fill_null(pc.match_substring_regex(texts, _PLAIN), False))
    if not pc.any(is_other).as_py():
        return texts
    parsed = [_parsed(text) for text in texts.filter(is_other).to_pylist()]
    return pc.replace_with_mask(texts, is_other, pa.array(parsed, pa.string()))


def days(keys: Keys) -> npt.NDArray[np.datetime64]:
    """The day (UTC) on which each prediction was asked for."""
    octets = keys.view(np.uint8).reshape(-1, keys.itemsize)[:, :6].astype(np.int64)
    milliseconds = octets @ (256 ** np.arange(5, -1, -1, dtype=np.int64))
    return (milliseconds // _DAY).astype("datetime64[D]")


def _is_text(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _parsed(text: str | None) -> str | None:
    try:
        request, row = ids.parse(text or "")
    except StagebookError:
        return None
    return None if row is None else ids.prediction_id(request, row)


def _keys(plain: pa.Array) -> Keys:
    requests = pc.utf8_slice_codeunits(plain, 0, 32).to_pylist()
    rows = pc.utf8_slice_codeunits(plain, 33).cast(pa.int64()).to_numpy(zero_copy_only=False)
    octets = np.empty((len(plain), 20), np.uint8)
    octets[:, :16] = np.frombuffer(bytes.fromhex("".join(requests)), np.uint8).reshape(-1, 16)
    octets[:, 16:] = rows.astype(">u4").view(np.uint8).reshape(-1, 4)
    return octets.reshape(-1).view(_KEY)


def _flags(values: pa.Array) -> Flags:
    return np.asarray(values.to_numpy(zero_copy_only=False), np.bool_)
