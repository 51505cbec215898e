"""Checks of tables against contracts, with messages for the supplier of the data."""
