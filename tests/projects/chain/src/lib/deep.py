"""Two imports away from the notebook."""


def square(number):
    return number * number
