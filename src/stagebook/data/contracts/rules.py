"""A pandera check in words."""

from collections.abc import Callable, Mapping
from typing import Any

from stagebook.data.contracts.words import listed, value_in_words

_Statistics = Mapping[str, Any]


def rule(check: Any) -> str:
    """The rule of a check, such as "between 0 and 23".

    A built-in check is described by its arguments, a custom check by its ``error``,
    ``description`` or ``title``, or else by the name of its function.
    """
    name = built_in_name(check)
    if name in _WORDS and (check.error is None or str(check.error).startswith(f"{name}(")):
        return built_in_rule(name, check.statistics)
    words = check.error or check.description or check.title
    own_name = str(check.name or "check")
    if not words and own_name == "<lambda>":
        return "a rule without a name"
    return str(words or own_name.replace("_", " ")).strip().rstrip(".")


def built_in_rule(name: str, statistics: _Statistics) -> str:
    """The rule of pandera's own check by its name and its arguments; KeyError for another one."""
    return _WORDS[name](statistics)


def built_in_name(check: Any) -> str:
    """The name of pandera's own check, such as ``in_range``; empty for a custom check.

    ``check.name`` is not reliable: a custom check can have the name of a built-in one.
    """
    from pandera.api.function_dispatch import Dispatcher  # takes long, and words do not need it

    function = check._check_fn
    return str(function.__name__) if isinstance(function, Dispatcher) else ""


def is_by_value(check: Any) -> bool:
    """Whether a check judges each value or row alone, so that pieces can be checked."""
    if check.groupby is not None:
        return False
    return bool(check.element_wise) or built_in_name(check) not in ("", "unique_values_eq")


def _between(args: _Statistics) -> str:
    inclusive = args.get("include_min", True), args.get("include_max", True)
    low, high = value_in_words(args["min_value"]), value_in_words(args["max_value"])
    if inclusive == (True, True):
        return f"between {low} and {high}"
    first = "at least" if inclusive[0] else "above"
    return f"{first} {low} and {'at most' if inclusive[1] else 'below'} {high}"


def _length(args: _Statistics) -> str:
    low, high = args.get("min_value"), args.get("max_value")
    exact = args.get("exact_value")
    if exact is not None or (low is not None and low == high):
        return f"{exact if exact is not None else low} characters long"
    if low is None:
        return f"at most {high} characters long"
    return f"at least {low} characters long" if high is None else f"{low} to {high} characters long"


def _pattern(value: Any) -> str:
    return f"`{getattr(value, 'pattern', value)}`"


_WORDS: dict[str, Callable[[_Statistics], str]] = {
    "equal_to": lambda args: f"equal to {value_in_words(args['value'])}",
    "not_equal_to": lambda args: f"not equal to {value_in_words(args['value'])}",
    "greater_than": lambda args: f"above {value_in_words(args['min_value'])}",
    "greater_than_or_equal_to": lambda args: f"at least {value_in_words(args['min_value'])}",
    "less_than": lambda args: f"below {value_in_words(args['max_value'])}",
    "less_than_or_equal_to": lambda args: f"at most {value_in_words(args['max_value'])}",
    "in_range": _between,
    "isin": lambda args: f"one of {listed(args['allowed_values'])}",
    "notin": lambda args: f"none of {listed(args['forbidden_values'])}",
    "str_matches": lambda args: f"text whose start matches {_pattern(args['pattern'])}",
    "str_contains": lambda args: f"text that contains {_pattern(args['pattern'])}",
    "str_startswith": lambda args: f"text that starts with {value_in_words(args['string'])}",
    "str_endswith": lambda args: f"text that ends with {value_in_words(args['string'])}",
    "str_length": _length,
    "unique_values_eq": lambda args: f"all of {listed(args['values'])}, and nothing else",
}
