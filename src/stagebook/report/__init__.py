"""Records and executed notebooks as pages for people."""
