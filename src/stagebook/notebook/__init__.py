"""Notebooks as text: their cells, their signature, and what they are made of."""
