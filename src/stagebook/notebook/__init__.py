"""Notebooks as text: their cells, their signature and their source."""
