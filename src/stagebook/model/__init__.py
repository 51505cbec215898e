"""A model ready to leave: made, checked before it is opened, and made again."""
