"""The site of a real little project, as its last stage and by hand."""

import shutil
from pathlib import Path

import pytest
from checkout import Checkout

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]

TABLE = "data/numbers.csv"
SETTINGS = "\n[tool.stagebook.report]\n"


def with_site(chain: Checkout) -> Checkout:
    """The chain project, once its build ends in a site."""
    text = chain.read("pyproject.toml")
    chain.write("pyproject.toml", text + SETTINGS)
    chain.ok("stagebook", "sync")
    return chain


def front(checkout: Checkout) -> str:
    return checkout.read("site/index.html")


def test_a_site_is_written_by_hand_and_one_page_to_be_mailed(chain: Checkout) -> None:
    assert "site/index.html and" in chain.ok("stagebook", "report").output
    assert (chain.root / "site/notebooks/double.html").is_file()
    chain.ok("stagebook", "report", "--single", "double.html", "--page", "double")
    assert 'href="../' not in chain.read("double.html")


def test_the_build_ends_in_a_site_and_a_second_one_runs_nothing(chain: Checkout) -> None:
    with_site(chain)
    assert "site" in chain.build()
    assert chain.build() == {"sources"}
    assert "unchanged" in front(chain)
    chain.ok("stagebook", "report")
    assert chain.build() == {"sources"}
    shutil.rmtree(chain.root / "site")
    assert chain.build() == {"sources", "site"}
    ignored = chain.ok("git", "check-ignore", "site/index.html").output
    assert ignored.strip() == "site/index.html"


def test_it_comes_after_hand_written_stages_too(chain: Checkout) -> None:
    with_site(chain)
    text = chain.read("dvc.yaml")
    by_hand = "  by_hand:\n    cmd: echo 1 > hand.txt\n    outs:\n      - hand.txt\n"
    chain.write("dvc.yaml", text + by_hand)
    chain.ok("stagebook", "sync")
    assert {"by_hand", "site"} <= chain.build()
    assert "hand.txt" in front(chain)
    assert "never built" not in chain.read("site/data/hand.txt.html")
    assert chain.build() == {"sources"}


def test_a_page_replaces_a_page_and_nothing_else(chain: Checkout) -> None:
    for _ in range(2):
        chain.ok("stagebook", "report", "--single", "mail.html")
    before = chain.read("notebooks/double.py")
    done = chain.run("stagebook", "report", "--single", "notebooks/double.py")
    assert done.code == 3
    assert "notebooks/double.py" in done.output
    assert chain.read("notebooks/double.py") == before


def test_what_changed_is_executed_and_told(chain: Checkout) -> None:
    with_site(chain).build()
    chain.write("params/double.yaml", "factor: 5\n")
    assert {"double", "site"} <= chain.build()
    assert "factor 2.5 → 5" in front(chain)


def test_after_a_failed_build_the_site_shows_the_notebook_that_stopped(chain: Checkout) -> None:
    with_site(chain).build()
    text = chain.read("notebooks/double.py")
    chain.write("notebooks/double.py", text + "\n# %%\nraise ValueError('not today')\n")
    assert chain.run("dvc", "repro").code != 0
    chain.ok("stagebook", "report")
    assert "1 failed" in front(chain)
    assert "not today" in chain.read("site/notebooks/double.html")


def cloned(chain: Checkout, folder: Path) -> Checkout:
    """A clone of the project as it is committed, which has executed nothing."""
    clone = Checkout(folder, chain.env)
    chain.ok("git", "clone", "-q", ".", str(clone.root))
    return clone


@pytest.fixture
def pushed(chain: Checkout, tmp_path: Path) -> Checkout:
    """The project after a build, with a remote that has its outputs."""
    with_site(chain)
    chain.ok("dvc", "remote", "add", "-q", "-d", "store", str(tmp_path / "store"))
    chain.build()
    chain.commit()
    chain.ok("dvc", "push", "-q")
    return chain


def test_a_clone_that_pulled_has_the_articles_and_the_profiles_of_the_committed_build(
    pushed: Checkout, tmp_path: Path
) -> None:
    clone = cloned(pushed, tmp_path / "clone")
    clone.ok("dvc", "pull", "-q")
    clone.ok("stagebook", "report")
    built = pushed.read("site/notebooks/double.html")
    page = clone.read("site/notebooks/double.html")
    assert page.count('<div class="cell code"') == built.count('<div class="cell code"') > 1
    assert 'data-subject="carried"' in page
    assert 'data-evidence="cache"' in front(clone)
    data = clone.read(f"site/data/{TABLE}.html")
    assert "<h2>Profile</h2>" in data
    assert data.count('class="card"') == pushed.read(f"site/data/{TABLE}.html").count(
        'class="card"'
    )
    before = clone.read("dvc.lock")
    assert clone.build() <= {"sources", "site"}
    assert clone.read("dvc.lock") == before
    assert clone.read("site/notebooks/double.html") == page


def test_a_build_that_only_pulls_has_them_too(pushed: Checkout, tmp_path: Path) -> None:
    clone = cloned(pushed, tmp_path / "clone")
    before = clone.read("dvc.lock")
    clone.ok("dvc", "repro", "--pull")
    assert clone.read("dvc.lock") == before
    clone.ok("stagebook", "report")
    assert 'data-subject="carried"' in clone.read("site/notebooks/double.html")
    clone.write("params/double.yaml", "factor: 5\n")
    assert {"double", "site"} <= clone.build()
    assert 'data-subject="current"' in clone.read("site/notebooks/double.html")
    assert 'data-subject="carried"' in clone.read("site/notebooks/make.html")


def test_what_is_carried_repeats_to_the_byte(pushed: Checkout) -> None:
    def carried() -> dict[str, bytes]:
        folder = pushed.root / ".stagebook/articles"
        return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    before, lock = carried(), pushed.read("dvc.lock")
    assert any(name.endswith("double/executed.ipynb") for name in before)
    pushed.ok("dvc", "repro", "-f")
    assert carried() == before
    assert pushed.read("dvc.lock") == lock


def test_the_site_is_compared_with_pages_of_nbconvert(chain: Checkout) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "site.py"
    pages, site = chain.ok("python", str(script), "1").output.splitlines()
    assert " 1.00 x " in pages
    assert site.startswith("stagebook report  ")


def test_no_other_folder_is_replaced(chain: Checkout) -> None:
    done = chain.run("stagebook", "report", "--to", "notebooks")
    assert done.code == 3
    assert "notebooks" in done.output
    assert (chain.root / "notebooks/double.py").is_file()


def test_a_notebook_may_not_have_the_stage_s_name(chain: Checkout) -> None:
    (chain.root / "notebooks/double.py").rename(chain.root / "notebooks/site.py")
    chain.write("pyproject.toml", chain.read("pyproject.toml") + SETTINGS)
    done = chain.run("stagebook", "sync")
    assert done.code == 3
    assert "`site`" in done.output
