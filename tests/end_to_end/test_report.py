"""The site of a real little project, as its last stage and by hand."""

import shutil
from pathlib import Path

import pytest
from checkout import Checkout

pytestmark = pytest.mark.slow

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
    assert chain.build() == set()
    assert "unchanged" in front(chain)
    chain.ok("stagebook", "report")
    assert chain.build() == set()
    shutil.rmtree(chain.root / "site")
    assert chain.build() == {"site"}
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
    assert chain.build() == set()


def test_a_page_replaces_a_page_and_nothing_else(chain: Checkout) -> None:
    for _ in range(2):
        chain.ok("stagebook", "report", "--single", "mail.html")
    before = chain.read("notebooks/double.py")
    done = chain.run("stagebook", "report", "--single", "notebooks/double.py")
    assert done.code == 3
    assert "it is no page" in done.output
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


def test_a_clone_without_executions_has_a_site_that_says_so(
    chain: Checkout, tmp_path: Path
) -> None:
    with_site(chain).build()
    chain.commit()
    clone = Checkout(tmp_path / "clone", chain.env)
    chain.ok("git", "clone", "-q", ".", str(clone.root))
    cache = chain.ok("dvc", "cache", "dir").output.strip()
    clone.ok("dvc", "cache", "dir", "--local", cache)
    clone.ok("dvc", "checkout")
    clone.ok("stagebook", "report")
    assert "There is no executed notebook" in clone.read("site/notebooks/double.html")


def test_the_site_is_compared_with_pages_of_nbconvert(chain: Checkout) -> None:
    script = Path(__file__).parents[2] / "benchmarks" / "site.py"
    pages, site = chain.ok("python", str(script), "1").output.splitlines()
    assert pages.endswith("1.00 x jupyter nbconvert --to html")
    assert site.startswith("stagebook report  ")


def test_no_other_folder_is_replaced(chain: Checkout) -> None:
    done = chain.run("stagebook", "report", "--to", "notebooks")
    assert done.code == 3
    assert "no site that Stagebook wrote" in done.output
    assert (chain.root / "notebooks/double.py").is_file()


def test_a_notebook_may_not_have_the_stage_s_name(chain: Checkout) -> None:
    (chain.root / "notebooks/double.py").rename(chain.root / "notebooks/site.py")
    chain.write("pyproject.toml", chain.read("pyproject.toml") + SETTINGS)
    done = chain.run("stagebook", "sync")
    assert done.code == 3
    assert "`site`" in done.output
