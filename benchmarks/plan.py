"""Compares the time of `stagebook plan` with `python -c pass`.

The plan is of a copy of the reference project after all its stages were built, as `dvc.lock` says,
and of a project of 200 hand-written stages, half of them with a changed parameter.
"""

import hashlib
import shutil
import sys
import tempfile
from pathlib import Path

from ratio import BIN, compare, run

PROJECT = Path(__file__).parents[1]
COPIED = ("notebooks", "params", "src/flights")
FILES = ("pyproject.toml", "dvc.yaml", "dvc.lock", "requirements.lock", ".gitignore", ".dvcignore")
MANY = 200


def reference(folder: Path) -> None:
    """The reference project, with the sources of its notebooks and without data."""
    for name in COPIED:
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=ignored)
    for name in FILES:
        shutil.copyfile(PROJECT / name, folder / name)
    (folder / ".dvc").mkdir()
    run([str(BIN / "stagebook"), "sources"], folder)


def many(folder: Path) -> None:
    """A chain of stages that are all built; every second one has another parameter now."""
    (folder / ".dvc").mkdir(parents=True)
    (folder / "pyproject.toml").write_text('[project]\nname = "many"\n[tool.stagebook]\n')
    stages, locked = ["stages:"], ["schema: '2.0'", "stages:"]
    values = []
    text = "0\n"
    digest = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
    (folder / "out0").write_text(text)
    for place in range(1, MANY + 1):
        before, path, key = f"out{place - 1}", f"out{place}", f"key{place}"
        (folder / path).write_text(text)
        cmd = f"cp {before} {path}"
        stages += [f"  stage{place}:", f"    cmd: {cmd}", "    deps:", f"    - {before}"]
        stages += ["    params:", f"    - {key}", "    outs:", f"    - {path}:"]
        stages += ["        cache: false"]
        values.append(f"{key}: {place % 2}")
        locked += [f"  stage{place}:", f"    cmd: {cmd}"]
        locked += ["    deps:", f"    - path: {before}", "      hash: md5", f"      md5: {digest}"]
        locked += ["      size: 2", "    params:", "      params.yaml:", f"        {key}: 0"]
        locked += ["    outs:", f"    - path: {path}", "      hash: md5", f"      md5: {digest}"]
        locked += ["      size: 2"]
    for name, lines in (("dvc.yaml", stages), ("dvc.lock", locked), ("params.yaml", values)):
        (folder / name).write_text("\n".join(lines) + "\n")


def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folders = {"reference": Path(name) / "reference", "many": Path(name) / "many"}
        folders["reference"].mkdir()
        reference(folders["reference"])
        many(folders["many"])
        command = [str(BIN / "stagebook"), "plan"]
        compare(
            {
                "python -c pass": lambda: run([str(BIN / "python"), "-c", "pass"], Path(name)),
                "the reference project": lambda: run(command, folders["reference"]),
                f"{MANY} stages": lambda: run(command, folders["many"]),
            },
            rounds,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 7)
