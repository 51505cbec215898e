"""Executions beside each other: two of a stage cell by cell, or a sweep as a gallery."""
