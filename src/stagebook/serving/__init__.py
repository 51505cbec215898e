"""A package behind HTTP: requests are validated, predicted, answered and logged."""
