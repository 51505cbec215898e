"""The token of a server comes from a file or a variable."""

from pathlib import Path

import pytest
from refusals import problem

from stagebook.serving import access

TOKEN = "a-token-of-some-length"


def test_a_file_comes_before_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    assert access.token(None) is None
    monkeypatch.setenv("STAGEBOOK_SERVE_TOKEN", "another-token-of-some-length")
    assert access.token(None) == "another-token-of-some-length"
    assert access.token(file) == TOKEN


@pytest.mark.parametrize("text", ["", "short", "a token with spaces", "a-tokén-of-some-length"])
def test_a_token_that_is_short_or_no_header_can_carry_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "token"
    file.write_text(text, encoding="utf-8")
    assert problem(access.token, file).code == "bad-token"


def test_a_token_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert problem(access.token, tmp_path / "none").code == "bad-token"
