"""A pandera check in words."""

from collections.abc import Callable, Mapping
from typing import Any

from pandera.api.function_dispatch import Dispatcher

from stagebook.contracts.checks.words import listed, value_in_words

_Statistics = Mapping[str, Any]


def rule(check: Any) -> str:
    """What a check asks of a value, such as "between 0 and 23".

    A built-in check is told by its bounds. A custom one says its ``error``, else its
    ``description`` or ``title``, else the name of its function.
    """
    if is_built_in(check) and check.error in (None, _own_error(check)):
        name = check._check_fn.__name__
        if name in _WORDS:
            return _WORDS[name](check.statistics)
    said = check.error or check.description or check.title
    name = str(check.name or "check")
    if not said and name == "<lambda>":
        return "a rule without a name"
    return str(said or name.replace("_", " ")).strip().rstrip(".")


def is_built_in(check: Any) -> bool:
    """Whether a check is pandera's own, which looks at each value by itself."""
    return isinstance(check._check_fn, Dispatcher)


def is_by_value(check: Any) -> bool:
    """Whether a check looks at each value, or row, by itself, so that parts can be checked."""
    if check.groupby is not None:
        return False
    return bool(check.element_wise) or (is_built_in(check) and _name(check) != "unique_values_eq")


def _name(check: Any) -> str:
    return str(check._check_fn.__name__)


def _own_error(check: Any) -> str | None:
    """The error that pandera itself gives a built-in check, which only repeats its name."""
    return check.error if str(check.error).startswith(f"{_name(check)}(") else None


def _between(one: _Statistics) -> str:
    inclusive = one.get("include_min", True), one.get("include_max", True)
    low, high = value_in_words(one["min_value"]), value_in_words(one["max_value"])
    if inclusive == (True, True):
        return f"between {low} and {high}"
    first = "at least" if inclusive[0] else "above"
    return f"{first} {low} and {'at most' if inclusive[1] else 'below'} {high}"


def _length(one: _Statistics) -> str:
    low, high = one.get("min_value"), one.get("max_value")
    exact = one.get("exact_value")
    if exact is not None or (low is not None and low == high):
        return f"{exact if exact is not None else low} characters long"
    if low is None:
        return f"at most {high} characters long"
    return f"at least {low} characters long" if high is None else f"{low} to {high} characters long"


def _pattern(value: Any) -> str:
    return f"`{getattr(value, 'pattern', value)}`"


_WORDS: dict[str, Callable[[_Statistics], str]] = {
    "equal_to": lambda one: f"equal to {value_in_words(one['value'])}",
    "not_equal_to": lambda one: f"not equal to {value_in_words(one['value'])}",
    "greater_than": lambda one: f"above {value_in_words(one['min_value'])}",
    "greater_than_or_equal_to": lambda one: f"at least {value_in_words(one['min_value'])}",
    "less_than": lambda one: f"below {value_in_words(one['max_value'])}",
    "less_than_or_equal_to": lambda one: f"at most {value_in_words(one['max_value'])}",
    "in_range": _between,
    "isin": lambda one: f"one of {listed(one['allowed_values'])}",
    "notin": lambda one: f"none of {listed(one['forbidden_values'])}",
    "str_matches": lambda one: f"text that begins like {_pattern(one['pattern'])}",
    "str_contains": lambda one: f"text that contains {_pattern(one['pattern'])}",
    "str_startswith": lambda one: f"text that starts with {value_in_words(one['string'])}",
    "str_endswith": lambda one: f"text that ends with {value_in_words(one['string'])}",
    "str_length": _length,
    "unique_values_eq": lambda one: f"all of {listed(one['values'])}, and nothing else",
}
