"""Texts of ``dvc.lock`` files, of stages that are built again and again."""

HEAD = "schema: '2.0'\nstages:\n"


def stage(name: str, version: int, cmd: str = "") -> str:
    """A stage whose output has a hash that is the version."""
    out = f"    - path: {name}.txt\n      hash: md5\n      md5: {version:032x}\n      size: 3\n"
    return f"  {name}:\n    cmd: {cmd or f'make {name} && true'}\n    outs:\n{out}"


def lock_of(**versions: int) -> str:
    """A lock with these stages."""
    return HEAD + "".join(stage(name, version) for name, version in versions.items())
