"""What the attributes of a trusted object may be: what it would open, call or import counts.

Found by reading the parameters of every estimator of scikit-learn: those that take a file, a
folder, a cache, a callable or text that is evaluated. A callable is refused in any attribute
unless ``trusted.may_hold`` names it.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

_MOST_JOBS = 256


def _is_empty(value: Any) -> bool:
    return value is None


def _is_check_or_empty(value: Any) -> bool:
    return value is None or isinstance(value, functools.partial)  # which ``native`` checks


def _is_number_of_jobs(value: Any) -> bool:
    is_integer = isinstance(value, int) and not isinstance(value, bool)
    return value is None or (is_integer and abs(value) <= _MOST_JOBS)


def _one_of(*choices: Any) -> Callable[[Any], bool]:
    return lambda value: any(type(value) is type(choice) and value == choice for choice in choices)


RULES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    # joblib reads and writes pickles in this folder
    "memory": (_is_empty, "None"),
    # code that is called with rows
    "func": (_is_check_or_empty, "None"),
    "inverse_func": (_is_empty, "None"),
    "preprocessor": (_is_empty, "None"),
    "tokenizer": (_is_empty, "None"),
    "analyzer": (_one_of("word", "char", "char_wb"), "word, char or char_wb"),
    # "filename" and "file" would open what the rows name
    "input": (_one_of("content"), "content"),
    # joblib evaluates this text
    "pre_dispatch": (_one_of("all", "n_jobs", "2*n_jobs"), "all, n_jobs or 2*n_jobs"),
    # processes and threads
    "n_jobs": (_is_number_of_jobs, f"None, or a number up to {_MOST_JOBS}"),
    "backend": (_is_empty, "None"),
    # a text is a template, in which dots and brackets read attributes
    "verbose_feature_names_out": (_one_of(True, False), "True or False"),
    # not of scikit-learn today: other libraries' names for files, caches and code
    "cachedir": (_is_empty, "None"),
    "callback": (_is_empty, "None"),
    "callbacks": (_is_empty, "None"),
    "filename": (_is_empty, "None"),
    "loader": (_is_empty, "None"),
    "mmap_mode": (_is_empty, "None"),
    "store_backend": (_is_empty, "None"),
    "temp_folder": (_is_empty, "None"),
}
"""For each attribute with a rule, by its name in any trusted class: the rule, and in words."""


def refusal(owner: type, attribute: object, value: Any) -> str:
    """Why an object may not have an attribute; empty if it may.

    Args:
        owner: The object's class.
        attribute: The attribute's name.
        value: Its value.
    """
    if reason := shadowing(owner, attribute):
        return reason
    rule, words = RULES.get(str(attribute), (None, ""))
    if rule is not None and not rule(value):
        return f"must be {words}"
    return ""


def shadowing(owner: type, attribute: object) -> str:
    """Why no object of a class may have an attribute of this name; empty if it may.

    Args:
        owner: The object's class.
        attribute: The attribute's name.
    """
    if not isinstance(attribute, str) or attribute.startswith("__"):
        return "is not a valid attribute of an estimator"
    if callable(getattr(owner, attribute, None)):
        return f"would replace a method of {owner.__name__}"
    return ""
