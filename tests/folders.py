"""Folders of files, and git repositories, that tests work in."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

WHO = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")


def write(root: Path, files: Mapping[str, str]) -> None:
    """Writes texts to paths below a folder, and makes the folders that they need."""
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")


def git(root: Path, *arguments: str) -> str:
    """Runs git as somebody; returns what it printed."""
    command = ["git", *WHO, *arguments]
    ended = subprocess.run(command, cwd=root, check=True, capture_output=True, encoding="utf-8")
    return ended.stdout.strip()


def commit(root: Path, message: str = "more") -> None:
    """Commits all files of a repository, also if none changed."""
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
