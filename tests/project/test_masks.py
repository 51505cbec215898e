"""No secret is left in what was masked, however it was written; and nothing else is lost."""

import base64
import html
import json
import shlex
import unicodedata
import urllib.parse
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stagebook.project.masks import MASK, UNMASKED, Masks

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
        ODD.replace('"', '""'),  # a cell of CSV
        ODD.replace("'", "''"),  # a text of SQL
        shlex.quote(ODD),
        unicodedata.normalize("NFD", ODD),
        "".join(f"\\x{byte:02x}" for byte in ODD.encode()),
        "".join(f"\\{byte:03o}" for byte in ODD.encode()),
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
        json.dumps(ODD).replace("/", "\\/"),
        json.dumps("\x1b[1m".join(ODD)),
        "".join(f"\\u{ord(char):04x}" for char in ODD),
        "".join(f"&#{ord(char)};" for char in ODD),
        "".join(f"%{byte:02X}" for byte in ODD.encode()),
        html.escape(json.dumps(ODD)),
        urllib.parse.quote(urllib.parse.quote(ODD, safe=""), safe=""),
        repr(ODD.encode()),
        ODD.encode().hex(),
        "\n".join(ODD[start : start + 3] for start in range(0, len(ODD), 3)),
        "\x1b[2K".join(ODD),
        f"\x1b]8;;http://example.org\x1b\\{ODD[:4]}\x1b]8;;\x1b\\{ODD[4:]}",
        base64.encodebytes(ODD.encode() * 4).decode(),
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
        "DBPASS",
        "DB_PW",
        "CONSUMERKEY",
        "SSHKEY2",
        "APITOKENS",
        "DB_CRED",
        "DB_PASSWORT",
        "MYSQL_PWD",
        "CLIENT_SECRET",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "OPENAI_API_KEY",
        "APIKEY",
        "KEY",
        "Key_Passphrase",
        "TOKEN_PROD",
        "API_KEY_1",
        "PASSWORD2",
        "AZURE_DEVOPS_EXT_PAT",
        "GOOGLE_CREDENTIALS",
        "AUTHORIZATION",
        "DB_PASS_STAGING",
        "githubToken",
        "X-Api-Key",
        "SLACK_WEBHOOK_URL",
    ],
)
def test_a_variable_is_secret_by_its_name(name: str) -> None:
    assert of(SECRET, name).hide(f"a {SECRET} b") == "a *** b"


@pytest.mark.parametrize(
    "name",
    [
        "HOME",
        "PWD",
        "OLDPWD",
        "MONKEY",
        "COMPASS",
        "TOKENIZER",
        "TOKENIZERS_PARALLELISM",
        "PASSWORD_FILE",
        "SSH_AUTH_SOCK",
        "GIT_AUTHOR_NAME",
        "GIT_CONFIG_KEY_0",
        "PATTERN",
    ],
)
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
        ("https://example.org/it.git?private_token=hunter2x", "hunter2x"),
        ("https://ghp_0123456789abcdefABCD@github.com/ada/it.git", "ghp_0123456789abcdefABCD"),
        ("https://store.example.org/it?sv=2020&sig=hunter2x%3D", "hunter2x="),
        ("https://store.example.org/it?X-Amz-Signature=hunter2x", "hunter2x"),
        ('Module required username="me" password="hunter 2x";', "hunter 2x"),
        ("curl -H 'Authorization: Bearer hunter2x'", "hunter2x"),
        ('{"user": "me", "password": "hunter2x"}', "hunter2x"),
        ("https://example.org/it?a=b&api_key=hunter2x#top", "hunter2x"),
    ],
)
def test_a_password_in_an_address_is_secret(value: str, secret: str) -> None:
    hidden = of(value, "STORE").hide(f"said {secret}, {value}.")
    assert secret not in hidden
    assert hidden.startswith("said ***")


@pytest.mark.parametrize(
    "value",
    [
        "Fix the key: spelling of auth: words",
        "https://ada.lovelace@example.org/it.git",
        "ssh://git@github.com/ada/it.git",
    ],
)
def test_prose_and_the_name_of_a_user_are_not_secret(value: str) -> None:
    assert not Masks.of({"MESSAGE": value}).forms


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


@pytest.mark.parametrize("user", ["", "a", "me", "user"])
@pytest.mark.parametrize("after", ["", "x", "xy"])
def test_a_secret_in_base64_beside_other_text_is_found(user: str, after: str) -> None:
    code = base64.b64encode(f"{user}:{SECRET}{after}".encode()).decode()
    hidden = of(SECRET).hide(f"Basic {code}")
    assert MASK in hidden
    left = hidden.replace("Basic ", "").replace(MASK, "").strip("=")
    assert len(left) <= 4 * -(-len(user + ":" + after) // 3)


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("AUTHORIZATION", f"Bearer {SECRET}", SECRET),
        (
            "HTTP_AUTHORIZATION",
            f"Basic {base64.b64encode(b'me:hunter2-more').decode()}",
            "hunter2-more",
        ),
        (
            "GOOGLE_CREDENTIALS",
            json.dumps({"type": "x", "private_key": "a\nhunter2-line\nb"}),
            "hunter2-line",
        ),
    ],
)
def test_a_part_of_a_secret_that_is_used_apart_is_one(name: str, value: str, secret: str) -> None:
    assert of(value, name).hide(f"a {secret} b") == "a *** b"


def test_the_name_of_a_file_with_a_secret_is_none() -> None:
    path = "/home/someone/key.json"
    assert of(path, "GOOGLE_APPLICATION_CREDENTIALS").hide(path) == path


def test_a_variable_that_is_named_as_unmasked_is_not_masked() -> None:
    masks = Masks.of({"SORT_KEY": "accuracy", "A_TOKEN": SECRET, UNMASKED: "SORT_KEY"})
    assert masks.hide(f"accuracy {SECRET}") == "accuracy ***"


def test_colours_inside_of_a_secret_stay() -> None:
    hidden = of(SECRET).hide(f"{SECRET[:4]}\x1b[0m{SECRET[4:]} plain")
    assert hidden == "***\x1b[0m plain"


@pytest.mark.parametrize(
    "text",
    [
        "\x1b[2K",
        "\x1b" * 50_000,
        "\x1b[" * 50_000,
        "\x1b]" * 50_000,
        "\\" * 50_000,
        "%41" * 50_000,
        "%25" * 50_000,
        "&#" * 50_000,
        "abcdefg" * 20_000,
        "data:image/png;base64," * 5_000,
    ],
)
def test_a_hostile_text_without_a_secret_stays_as_it_is(text: str) -> None:
    assert of("abcdefgh").hide(text) == text


def test_a_mask_that_makes_a_secret_again_and_again_hides_the_whole() -> None:
    assert of("q***zz").hide("q" * 5_000 + "q***zz" + "zz" * 5_000) == MASK


def test_a_value_of_any_depth_is_hidden() -> None:
    value: Any = SECRET
    for _ in range(50_000):
        value = [value]
    hidden = of(SECRET).hide_all(value)
    while isinstance(hidden, list):
        [hidden] = hidden
    assert hidden == MASK
    assert SECRET not in of(SECRET).hide_document("[" * 50_000 + f'"{SECRET}"' + "]" * 50_000)


def test_two_keys_that_are_secret_stay_two_keys() -> None:
    masks = Masks.of({"A_TOKEN": SECRET, "B_TOKEN": SECRET[::-1]})
    assert masks.hide_all({SECRET: 1, SECRET[::-1]: 2}) == {MASK: 1, f"{MASK}-2": 2}


def test_a_name_is_masked_with_what_files_and_mlflow_accept() -> None:
    assert of(SECRET).hide_name(f"loss {SECRET}") == "loss ---"


def test_an_image_in_a_page_is_left_as_it_is_and_the_text_around_is_not() -> None:
    image = base64.b64encode(bytes(range(60))).decode()
    page = f'<p>{image[8:40]}</p><img src="data:image/png;base64,{image}"/>'
    hidden = of(image[8:40]).hide_document(page)
    assert hidden == f'<p>{MASK}</p><img src="data:image/png;base64,{image}"/>'


def test_a_json_file_keeps_its_layout() -> None:
    text = json.dumps({"a": [SECRET, 1.5]}, indent=2) + "\n"
    assert of(SECRET).hide_document(text) == text.replace(SECRET, MASK)


def test_masks_do_not_print_what_they_hide() -> None:
    assert SECRET not in repr(of(SECRET))
