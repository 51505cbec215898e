"""How a model lies in a file, and what the file would make when it is opened."""
