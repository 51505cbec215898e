"""No secret is left in what was masked, however it was written; and nothing else is lost."""

import base64
import html
import json
import urllib.parse
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.masks import MASK, Masks

SECRET = "hunter2-and-more"
TELLING = st.text(min_size=6, max_size=20).map(lambda text: f"q{text}z")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def of(secret: str, name: str = "API_TOKEN") -> Masks:
    return Masks.of({name: secret})


@given(TELLING, st.lists(st.text()))
def test_no_secret_is_left_in_a_text(secret: str, around: list[str]) -> None:
    hidden = of(secret).hide(secret.join(around))
    assert secret not in hidden
    assert len(around) < 2 or MASK in hidden


@given(TELLING, st.lists(st.text()))
def test_to_hide_twice_is_to_hide_once(secret: str, around: list[str]) -> None:
    masks = of(secret)
    once = masks.hide(secret.join(around))
    assert masks.hide(once) == once


@given(TELLING, JSON)
def test_json_stays_json_without_the_secret(secret: str, value: Any) -> None:
    masks = of(secret)
    planted = {"a": [value, secret], f"key {secret}": value}
    hidden = masks.hide_all(planted)
    assert json.loads(json.dumps(hidden)) == hidden
    assert secret not in texts(hidden)
    document = masks.hide_document(json.dumps(planted))
    assert secret not in texts(json.loads(document))


def texts(value: Any) -> str:
    """All texts in a value, apart from each other."""
    if isinstance(value, dict):
        return "\0".join(texts(one) for pair in value.items() for one in pair)
    if isinstance(value, list):
        return "\0".join(map(texts, value))
    return value if isinstance(value, str) else ""


def test_json_stays_json_where_an_escape_ends_like_a_secret_begins() -> None:
    masks = of("n1234567")
    assert json.loads(masks.hide_document(json.dumps({"a": "\n1234567", "b": "n1234567"}))) == {
        "a": "\n1234567",
        "b": MASK,
    }


@given(st.text())
def test_a_text_without_secrets_stays_as_it_is(text: str) -> None:
    assert of("-no text has this by chance-").hide(text) == text
    assert Masks().hide(text) == text


ODD = """é"quoted" & <b>'s' \\ / ?=%+"""


@pytest.mark.parametrize(
    "written",
    [
        ODD,
        repr(ODD),
        repr([ODD]),
        ascii(ODD),
        json.dumps(ODD),
        json.dumps(ODD, ensure_ascii=False),
        json.dumps(json.dumps({"a": ODD})),
        urllib.parse.quote(ODD),
        urllib.parse.quote(ODD, safe=""),
        urllib.parse.quote(ODD, safe="").lower(),
        urllib.parse.quote_plus(ODD),
        html.escape(ODD),
        html.escape(ODD, quote=False),
        base64.b64encode(ODD.encode()).decode(),
        base64.urlsafe_b64encode(ODD.encode()).decode(),
        f"\x1b[31m{ODD[:5]}\x1b[0m{ODD[5:]}",
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    hidden = of(ODD).hide(f"before {written} after")
    assert MASK in hidden
    assert "quoted" not in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")


@pytest.mark.parametrize(
    "name",
    [
        "API_TOKEN",
        "api_token",
        "TOKEN",
        "DB_PASSWORD",
        "PASSWORD",
        "PASSWD",
        "PGPASSWORD",
        "MYSQL_PWD",
        "CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "OPENAI_API_KEY",
        "APIKEY",
        "KEY",
        "Key_Passphrase",
    ],
)
def test_a_variable_is_secret_by_its_name(name: str) -> None:
    assert of(SECRET, name).hide(f"a {SECRET} b") == "a *** b"


@pytest.mark.parametrize("name", ["HOME", "PWD", "OLDPWD", "MONKEY", "TOKENIZER", "PASSWORD_FILE"])
def test_another_variable_is_not(name: str) -> None:
    assert of(SECRET, name).hide(SECRET) == SECRET


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("postgresql://someone:hunter2x@db.example.org/name", "hunter2x"),
        ("postgresql://someone:p%40ss%2Fword@db/name", "p@ss/word"),
        ("postgresql://someone:p%40ss%2Fword@db/name", "p%40ss%2Fword"),
        ("redis://:hunter2x@cache:6379/0", "hunter2x"),
        ("http://someone:hun/ter@2x@proxy:3128", "hun/ter@2x"),
        ("amqp://a:first-one@one,amqp://b:second-one@two", "second-one"),
        ("host=db user=me password=hunter2x sslmode=require", "hunter2x"),
        ("DefaultEndpointsProtocol=https;AccountKey=aGVsbG8=;x=y", "aGVsbG8="),
        ("postgresql://someone:pw@db/name", "someone:pw@"),
    ],
)
def test_a_password_in_an_address_is_secret(value: str, secret: str) -> None:
    hidden = of(value, "STORE").hide(f"said {secret}, {value}.")
    assert secret not in hidden
    assert hidden.startswith("said ***")


def test_each_line_of_a_secret_is_one_and_its_frame_is_not() -> None:
    frame = "-----BEGIN PRIVATE KEY-----"
    pem = f"{frame}\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END PRIVATE KEY-----\n"
    for value in (pem, pem.replace("\n", "\\n"), pem.replace("\n", "\r\n")):
        masks = of(value, "TLS_KEY")
        hidden = masks.hide("\n".join(f"> {line}" for line in pem.splitlines()))
        assert hidden.splitlines()[:3] == [f"> {frame}", "> ***", "> ***"]


@pytest.mark.parametrize("value", ["", "abc12", "true", "Production", "password", "1234567", "  "])
def test_what_stands_in_every_other_text_is_not_masked(value: str) -> None:
    text = f"The {value} production build is true, with 1234567 rows and no password."
    assert of(value).hide(text) == text


def test_a_number_that_is_secret_becomes_text_in_json() -> None:
    masks = of("8261940573", "PIN_KEY")
    assert masks.hide_all({"pin": 8261940573, "other": 826194057}) == {
        "pin": MASK,
        "other": 826194057,
    }


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    size: int
    more: tuple[str, ...]


def test_texts_in_dataclasses_are_hidden_and_their_numbers_stay_numbers() -> None:
    masks = of("12345678")
    thing = Thing("it is 12345678", 12345678, ("12345678",))
    assert masks.hide_all(thing) == Thing("it is ***", 12345678, ("***",))


def test_masks_do_not_print_what_they_hide() -> None:
    assert SECRET not in repr(of(SECRET))
