"""Used by `make`; leans on a module of its own."""

from . import deep


def numbers(count):
    return [deep.square(number) for number in range(count)]
