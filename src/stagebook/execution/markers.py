"""Keys that Stagebook writes into the metadata of the cells of an executed notebook."""

POSITION = "stagebook_position"
"""Key in a cell's metadata: the cell's position in the notebook that a person edits."""

MEMORY = "stagebook_memory"
"""Key in a cell's metadata: peak memory of the kernel while it ran, in bytes."""
