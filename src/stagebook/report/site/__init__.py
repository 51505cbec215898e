"""The site: all that a project's builds left to be read, as pages that link to each other."""
