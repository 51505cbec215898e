"""How rows are cut into parts."""


def is_for_training(number: int, share: float) -> bool:
    """Whether a row is to learn from."""
    return number % 100 < share * 100
