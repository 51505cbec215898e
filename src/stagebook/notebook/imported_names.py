"""The names that a parameters cell imports, including Stagebook's markers."""

import ast

from stagebook.notebook.signature import Role

_MARKERS_FROM = ("stagebook", "stagebook.project.markers")


class ImportedNames:
    """The names imported by the statements so far, each with its origin."""

    def __init__(self) -> None:
        self._origins: dict[str, str] = {}

    def add(self, statement: ast.Import | ast.ImportFrom) -> None:
        """Adds the names of one import."""
        for alias in statement.names:
            if isinstance(statement, ast.ImportFrom):
                self._origins[alias.asname or alias.name] = f"{statement.module}:{alias.name}"
            elif alias.asname:
                self._origins[alias.asname] = alias.name
            else:  # ``import a.b`` binds ``a``, and makes ``a.b`` available
                parts = alias.name.split(".")
                prefixes = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
                self._origins.update({name: name for name in prefixes})

    def marker(self, annotation: ast.expr | None) -> tuple[Role, ast.expr | None] | None:
        """The role of a marker and its schema; None if the annotation is not a marker."""
        schema: ast.expr | None = None
        if isinstance(annotation, ast.Subscript):
            schema = annotation.slice
            annotation = annotation.value
        origin = self.origin(annotation)
        module, _, name = origin.rpartition(":")
        if module in _MARKERS_FROM and name in Role._value2member_map_:
            return Role(name), schema
        return None

    def unknown_marker(self, annotation: ast.expr | None) -> str:
        """The marker that is used but not imported; an empty text if all are imported."""
        bare = annotation.value if isinstance(annotation, ast.Subscript) else annotation
        match bare:
            case ast.Name(id=name) if name in Role._value2member_map_ and not self.origin(bare):
                return name
        return ""

    def origin(self, node: ast.expr | None) -> str:
        """Where a name comes from, as ``module:name``; empty if the cell does not import it."""
        match node:
            case ast.Name(id=name):
                return self._origins.get(name, "")
            case ast.Attribute(value=value, attr=attr):
                dotted = ast.unparse(value)
                module = self._origins.get(dotted, "")
                return f"{module.replace(':', '.')}:{attr}" if module else ""
        return ""
