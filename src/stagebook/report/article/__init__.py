"""An executed notebook as an article: read, made harmless, and written for people."""
