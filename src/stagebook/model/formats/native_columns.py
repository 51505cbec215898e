"""Checks of encoders, whose numbers become the columns of a sparse matrix unseen."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from stagebook.model.formats.bounds import is_fitted, require

_MOST_FEATURES = 2**31 - 1  # that a hash is spread over


def check_one_hot(encoder: Any) -> None:
    """Checks that each category has a column, and that each column is counted."""
    if not is_fitted(encoder, "categories_"):
        return
    counts = encoder._n_features_outs
    require(isinstance(counts, list) and counts == encoder._compute_n_features_outs(), "a column")
    dropped = encoder._drop_idx_after_grouping
    require(dropped is None or len(dropped) == len(encoder.categories_), "a column")
    for place, categories in enumerate(encoder.categories_):
        columns = len(categories)
        if encoder._infrequent_enabled:
            columns = _check_infrequent(encoder, place, columns)
        drop = None if dropped is None else dropped[place]
        require(drop is None or 0 <= drop < columns, "a dropped category")


def _check_infrequent(encoder: Any, place: int, count: int) -> int:
    """Checks that rare categories share one column; returns how many columns there are."""
    rare = encoder._infrequent_indices[place]
    mapping = encoder._default_to_infrequent_mappings[place]
    require((rare is None) == (mapping is None), "a rare category")
    if rare is None:
        return count
    columns = count - len(rare) + 1
    require(len(rare) > 0 and np.all((rare >= 0) & (rare < count)), "a rare category")
    require(len(mapping) == count, "a rare category")
    require(np.all((mapping >= 0) & (mapping < columns)), "a rare category")
    return columns


def check_vocabulary(vectorizer: Any) -> None:
    """Checks that each word has a column of its own."""
    if is_fitted(vectorizer, "vocabulary_"):
        columns = vectorizer.vocabulary_.values()
        are_integers = all(isinstance(column, int | np.integer) for column in columns)
        require(are_integers and sorted(columns) == list(range(len(columns))), "a word")


def check_hasher(hasher: Any) -> None:
    """Checks that there are columns to spread words over."""
    count = hasher.n_features
    require(isinstance(count, int | np.integer) and 0 < count <= _MOST_FEATURES, "a column")


_TEXT = "sklearn.feature_extraction.text"
CHECKS: Mapping[str, Callable[[Any], None]] = {
    f"{_TEXT}.CountVectorizer": check_vocabulary,
    f"{_TEXT}.HashingVectorizer": check_hasher,
    f"{_TEXT}.TfidfVectorizer": check_vocabulary,
    "sklearn.feature_extraction._dict_vectorizer.DictVectorizer": check_vocabulary,
    "sklearn.feature_extraction._hash.FeatureHasher": check_hasher,
    "sklearn.preprocessing._encoders.OneHotEncoder": check_one_hot,
}
"""For each class of an encoder: its check."""
