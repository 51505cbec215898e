"""A double of the program ``gh``: only what reaches GitHub's network API is not real in its tests.

It keeps issues and pull requests in a JSON file, and refuses what it does not know and what the
rights of the job do not allow. Run as a program, it is ``gh``.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any

NEWEST = ".[] | [.number, .state, .title] | @tsv"
STATE, RIGHTS = "GITHUB_DOUBLE_STATE", "GITHUB_DOUBLE_RIGHTS"


def read(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The issues, pull requests and labels that were created; oldest first."""
    if not path.exists():
        return {"issues": [], "pulls": [], "labels": []}
    values: dict[str, list[dict[str, Any]]] = json.loads(path.read_text())
    return values


def install(folder: Path) -> None:
    """Writes the program into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "gh"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "$@"\n')
    program.chmod(0o755)


def options(words: list[str]) -> tuple[list[str], dict[str, str]]:
    """Arguments, and options with their values; a last option may have none."""
    plain, named = [], {}
    rest = iter(words)
    for word in rest:
        if word == "--force":
            named[word] = "true"
        elif word.startswith("--"):
            named[word] = next(rest)
        else:
            plain.append(word)
    return plain, named


def require(*rights: str) -> None:
    """Ends with 1 if the job has none of some rights."""
    if not set(rights) & set(os.environ[RIGHTS].split(",")):
        sys.exit(f"gh: HTTP 403: needs {rights}")


def answer(words: list[str], known: dict[str, list[dict[str, Any]]]) -> str:
    """What ``gh`` prints; changes what is known."""
    (kind, verb, *more), named = options(words)
    issues = known["issues"]
    match kind, verb, sorted(named):
        case "auth", "setup-git", []:
            require("contents")
        case "label", "create", ["--description", "--force"]:
            require("issues", "pull-requests")
            known["labels"].append({"name": more[0]})
        case "issue", "list", ["--jq", "--json", "--label", "--limit", "--state"]:
            assert (named["--jq"], named["--limit"], named["--state"]) == (NEWEST, "1", "all")
            own = [issue for issue in issues if issue["label"] == named["--label"]][-1:]
            return "".join(f"{own_['number']}\t{own_['state']}\t{own_['title']}\n" for own_ in own)
        case "issue", "create", ["--body-file", "--label", "--title"]:
            require("issues")
            issues.append(_new(known, named) | {"comments": []})
        case "issue", "edit", ["--title"]:
            require("issues")
            _numbered(issues, more)["title"] = named["--title"]
        case "issue", "comment", ["--body-file"]:
            require("issues")
            _numbered(issues, more)["comments"].append(Path(named["--body-file"]).read_text())
        case "issue", "close", []:
            require("issues")
            _numbered(issues, more)["state"] = "CLOSED"
        case "pr", "create", ["--base", "--body-file", "--head", "--label", "--title"]:
            require("pull-requests")
            pull = _new(known, named) | {"base": named["--base"], "head": named["--head"]}
            known["pulls"].append(pull)
        case _:
            sys.exit(f"gh: unknown: {words}")
    return ""


def _new(known: dict[str, list[dict[str, Any]]], named: dict[str, str]) -> dict[str, Any]:
    if {"name": named["--label"]} not in known["labels"]:
        sys.exit(f"gh: could not add label: '{named['--label']}' not found")
    return {
        "number": len(known["issues"]) + len(known["pulls"]) + 1,
        "state": "OPEN",
        "title": named["--title"],
        "label": named["--label"],
        "body": Path(named["--body-file"]).read_text(),
    }


def _numbered(issues: list[dict[str, Any]], words: list[str]) -> dict[str, Any]:
    (number,) = words
    return next(issue for issue in issues if issue["number"] == int(number))


def main() -> None:
    """Answers one call of ``gh``."""
    assert os.environ["GH_TOKEN"]
    path = Path(os.environ[STATE])
    known = read(path)
    sys.stdout.write(answer(sys.argv[1:], known))
    path.write_text(json.dumps(known, indent=1))


if __name__ == "__main__":
    main()
