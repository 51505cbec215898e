"""Tables held against contracts, in words for whoever supplied the data."""
