"""What a kernel logged to MLflow is masked before anything else sees it."""

import json
import sqlite3
from pathlib import Path

import pytest

from stagebook.project.masks import Masks
from stagebook.record import cover

SECRET = "s3cr3t-value"
MASKS = Masks.of({"API_TOKEN": SECRET})


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "store.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE tags (key TEXT, value, run TEXT, PRIMARY KEY (key, run))")
        rows = [
            ("plain", "nothing", "1"),
            ("text", f"it is {SECRET}, {'long ' * 2000}", "1"),
            (f"a {SECRET}", 7, "1"),
            ("a ---", 8, "1"),
            ("bytes", SECRET.encode()[::-1], "1"),
        ]
        database.execute("PRAGMA secure_delete = OFF")  # as SQLite is built by default
        database.executemany("INSERT INTO tags VALUES (?, ?, ?)", rows)
        database.execute("INSERT INTO tags VALUES ('gone', ?, '1')", (f"gone {SECRET}" * 999,))
        database.commit()
        database.execute("DELETE FROM tags WHERE key = 'gone'")
    database.close()
    assert b"gone " + SECRET.encode() in path.read_bytes()
    return path


def test_no_page_of_a_store_has_a_secret_and_all_else_is_as_it_was(store: Path) -> None:
    cover.hide_in_store(store, MASKS)
    assert SECRET.encode() not in store.read_bytes()
    database = sqlite3.connect(store)
    found = dict(database.execute("SELECT key, value FROM tags").fetchall())
    database.close()
    assert found.pop("text").startswith("it is ***, long long")
    assert found.pop("a ---") in (7, 8)
    assert found == {"plain": "nothing", "bytes": SECRET.encode()[::-1]}


def test_without_secrets_a_store_is_not_touched(store: Path) -> None:
    before = store.read_bytes()
    cover.hide_in_store(store, Masks())
    assert store.read_bytes() == before


def test_a_store_that_cannot_be_masked_does_not_leave(tmp_path: Path) -> None:
    broken = tmp_path / "store.db"
    broken.write_text(f"no database, but {SECRET}" * 1000)
    cover.hide_in_store(broken, MASKS)
    assert not broken.exists()
    cover.hide_in_store(broken, MASKS)


def test_texts_and_names_of_files_are_masked_and_other_files_left_alone(tmp_path: Path) -> None:
    files = {
        "notes.txt": f"made with {SECRET}\r\n".encode(),
        "deep/note.json": json.dumps({"a": [SECRET]}).encode(),
        "model.pkl": b"\x80\0" + SECRET.encode(),
        "latin.txt": b"\xff " + SECRET.encode(),
        f"figure {SECRET}.svg": f"<svg>{SECRET}</svg>".encode(),
        f"folder {SECRET}/{SECRET}.txt": b"",
        "figure ---.svg": b"was there",
    }
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    cover.hide_in_files(tmp_path, MASKS)
    left = {
        path.relative_to(tmp_path).as_posix(): path.read_bytes()
        for path in tmp_path.rglob("*")
        if path.is_file()
    }
    assert left == {
        "notes.txt": b"made with ***\r\n",
        "deep/note.json": b'{"a": ["***"]}',
        "model.pkl": files["model.pkl"],
        "latin.txt": files["latin.txt"],
        "figure ----2.svg": b"<svg>***</svg>",
        "folder ---/---.txt": b"",
        "figure ---.svg": b"was there",
    }
