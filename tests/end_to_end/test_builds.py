"""Which stages a change makes stale, told by what plain `dvc repro` runs."""

import json
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from checkout import TIMES, Checkout, distribution

pytestmark = [pytest.mark.slow, pytest.mark.undelivered]


def test_second_build_runs_nothing(chain: Checkout) -> None:
    assert chain.build() == {"sources"}


def test_build_from_a_clean_clone_gives_the_same_hashes(chain: Checkout, tmp_path: Path) -> None:
    chain.ok("git", "clone", "-q", str(chain.root), str(tmp_path / "clone"))
    clone = Checkout(tmp_path / "clone", chain.env)
    # report writes only metrics, which are in git and therefore there already
    assert clone.build() == {"sources", "make", "double", "other"}
    assert clone.read("dvc.lock") == chain.read("dvc.lock")


def test_running_and_saving_a_notebook_makes_no_stage_stale(chain: Checkout) -> None:
    path = chain.root / "notebooks" / "make.ipynb"
    executed = chain.root / "runs" / "make.ipynb"
    outputs = [cell for cell in nbformat.read(executed, 4).cells if cell.cell_type == "code"]
    node = nbformat.read(path, 4)
    for cell in node.cells:
        if cell.cell_type == "code":
            cell.outputs = outputs[-1].outputs
            cell.execution_count = 7
            cell.metadata["execution"] = {"iopub.status.busy": "2013-01-01T00:00:00Z"}
    nbformat.write(node, path)
    assert chain.build() == {"sources"}


def test_editing_text_comments_and_layout_makes_no_stage_stale(chain: Checkout) -> None:
    path = chain.root / "notebooks" / "make.ipynb"
    node = nbformat.read(path, 4)
    node.cells[0].source = "# Another heading\n\nAnd other words."
    node.cells[1].source = node.cells[1].source.replace("# how many", "# how many there are")
    node.cells[2].source = "# a comment\n" + node.cells[2].source.replace(", ", ",  ")
    node.cells.insert(1, nbformat.v4.new_markdown_cell("One cell more.", id="one-more"))
    node.cells[3].metadata["collapsed"] = True
    node.cells[3].id = "another-id"
    nbformat.write(node, path)
    assert chain.build() == {"sources"}


def test_editing_a_cell_rebuilds_its_stage_and_what_is_downstream(chain: Checkout) -> None:
    path = chain.root / "notebooks" / "make.ipynb"
    node = nbformat.read(path, 4)
    node.cells[2].source = node.cells[2].source.replace("squares(count)", "squares(count + 1)")
    nbformat.write(node, path)
    assert chain.build() == {"sources", "make", "double", "report"}


def test_a_change_whose_output_is_the_same_stops_there(chain: Checkout) -> None:
    path = chain.root / "notebooks" / "make.ipynb"
    node = nbformat.read(path, 4)
    node.cells[2].source = node.cells[2].source.replace("len(lines)", "len(lines) + 0")
    nbformat.write(node, path)
    assert chain.build() == {"sources", "make"}


def test_editing_a_helper_two_imports_away_rebuilds_the_stages_that_use_it(chain: Checkout) -> None:
    helper = chain.read("src/lib/deep.py")
    chain.write("src/lib/deep.py", helper.replace("number * number", "number * number + 1"))
    assert chain.build() == {"sources", "make", "double", "report"}


def test_a_comment_in_a_helper_rebuilds_nothing(chain: Checkout) -> None:
    chain.write("src/lib/deep.py", "# a word more\n" + chain.read("src/lib/deep.py"))
    assert chain.build() == {"sources"}


def test_a_helper_that_nothing_imports_rebuilds_nothing(chain: Checkout) -> None:
    chain.write("src/lib/unused.py", "answer = 42\n")
    assert chain.build() == {"sources"}


def test_a_params_value_rebuilds_its_stage_and_what_is_downstream(chain: Checkout) -> None:
    chain.write("params/double.yaml", "factor: 3.5\n")
    assert chain.build() == {"sources", "double", "report"}


def test_an_upgrade_without_a_lock_file_rebuilds_the_stages_that_reach_it(chain: Checkout) -> None:
    site = Path(chain.env["PYTHONPATH"])
    distribution(site, "2.0", TIMES.replace("value * factor", "value * factor * 2"))
    assert chain.build() == {"sources", "double", "report"}
    assert "# distribution tinydist 2.0" in chain.read(".stagebook/sources/double.py")


def test_a_lock_file_that_disagrees_with_what_is_installed_stops_the_build(chain: Checkout) -> None:
    chain.write("requirements.lock", "tinydist==1.0\n")
    assert chain.build() == {"sources"}
    distribution(Path(chain.env["PYTHONPATH"]), "2.0", TIMES)
    done = chain.run("dvc", "repro")
    assert done.code != 0
    assert done.stages == {"sources"}
    (line,) = [line for line in done.output.splitlines() if "tinydist 2.0" in line]
    assert "1.0" in line
    assert "double" in line


def test_builds_with_nothing_to_do_leave_git_clean(chain: Checkout) -> None:
    chain.build()
    assert chain.ok("git", "status", "--porcelain").output == ""
    status = chain.ok("dvc", "status").output.split()
    assert status == ["sources:", "always", "changed"]


def test_a_dry_run_writes_nothing(chain: Checkout) -> None:
    source = chain.root / ".stagebook" / "sources" / "make.py"
    before = source.stat().st_mtime_ns
    done = chain.ok("dvc", "repro", "--dry")
    assert done.stages == {"sources"}
    assert source.stat().st_mtime_ns == before


def test_branches_that_edited_prose_and_comments_merge(chain: Checkout) -> None:
    chain.ok("git", "branch", "-M", "main")
    edits = {
        "one": ("notebooks/double.py", "# # Double them", "# # Double all of them"),
        "other": ("src/lib/deep.py", "def square", "# by itself\ndef square"),
        "third": ("notebooks/double.py", "# by how much", "# by so much"),
    }
    for branch, (path, before, after) in edits.items():
        chain.ok("git", "switch", "-q", "-c", branch, "main")
        assert before in chain.read(path)
        chain.write(path, chain.read(path).replace(before, after))
        assert chain.build() == {"sources"}
        chain.commit()
    for branch in ("one", "other"):
        chain.ok("git", "merge", "-q", "--no-edit", branch)
    assert chain.build() == {"sources"}
    assert chain.ok("git", "status", "--porcelain").output == ""
    assert chain.ok("git", "diff", "main", "--stat", "--", "dvc.lock").output == ""


def test_the_thread_count_is_part_of_what_a_stage_is_made_of(chain: Checkout) -> None:
    settings = chain.read("pyproject.toml")
    chain.write("pyproject.toml", settings + "\n[tool.stagebook.stages.other]\nthreads = 2\n")
    assert chain.build() == {"sources", "other"}


def test_a_new_notebook_stops_the_build_until_sync(chain: Checkout) -> None:
    shutil.copy(chain.root / "notebooks" / "other.ipynb", chain.root / "notebooks" / "extra.ipynb")
    text = chain.read("notebooks/extra.ipynb").replace("data/other.txt", "data/extra.txt")
    chain.write("notebooks/extra.ipynb", text)
    done = chain.run("dvc", "repro")
    assert done.code != 0
    assert "stagebook sync" in done.output
    chain.ok("stagebook", "sync")
    assert chain.build() == {"sources", "extra"}


def test_a_notebook_that_goes_takes_its_stage_along(chain: Checkout) -> None:
    (chain.root / "notebooks" / "other.ipynb").unlink()
    assert chain.run("stagebook", "sync", "--check").code == 9
    chain.ok("stagebook", "sync")
    assert "other" not in chain.read("dvc.yaml")
    assert json.loads(chain.ok("stagebook", "sync", "--check", "--json").output)["changes"] == []
    assert chain.build() == {"sources"}


def test_sync_changes_nothing_that_is_right(chain: Checkout) -> None:
    before = chain.read("dvc.yaml")
    chain.ok("stagebook", "sync")
    assert chain.read("dvc.yaml") == before


def test_an_overridden_run_touches_no_output_of_the_build(chain: Checkout) -> None:
    before = {
        path: chain.read(path) for path in ("data/doubled.csv", "dvc.lock", "runs/double.ipynb")
    }
    done = chain.ok("stagebook", "run", "double", "-P", "factor=10")
    assert chain.records()[-1]["build"] is False
    assert {path: chain.read(path) for path in before} == before
    assert "runs/double@factor=10.0/data/doubled.csv" in done.output
    made = chain.read("runs/double@factor=10.0/data/doubled.csv")
    assert made.split()[2] == "10.0"
    assert chain.records()[-1]["build"] is False
    assert chain.build() == {"sources"}


def test_the_executed_notebook_and_its_page_end_with_the_colophon(chain: Checkout) -> None:
    node = nbformat.read(chain.root / "runs" / "double.ipynb", 4)
    assert "## Colophon" in node.cells[-1].source
    rows = re.findall(r"<tr>(.*?)</tr>", node.cells[-1].source)
    (factor,) = [row for row in rows if "factor" in row]
    words = re.sub(r"<.*?>", " ", factor).split()
    assert (words[:2], words[-1]) == (["factor", "2.5"], "2.0")
    assert re.search(r"<b><code[^>]*>2\.5</code></b>", factor)
    page = chain.read("runs/double.html")
    assert page.rindex("Colophon") > page.index("tinydist")
    assert 'src="http' not in page
    assert 'href="http' not in page


def test_summary_tells_what_was_built_how_good_and_where_to_look(chain: Checkout) -> None:
    lines = chain.ok("stagebook", "summary").output.splitlines()
    assert len(lines) == 3
    assert all(name in lines[0] for name in ("chain", "make", "double", "report", "other"))
    assert "total 137.5" in lines[1]  # (0+1+4+9+16+25) * 2.5
    assert "runs/*.html" in lines[2]
    assert "sqlite:///" in lines[2]
    found = json.loads(chain.ok("stagebook", "summary", "--json").output)
    assert found["headline"] == {"total": 137.5}
