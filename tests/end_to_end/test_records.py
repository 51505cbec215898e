"""What a record says of the code, the checkout and the build that an execution was part of."""

from checkout import Checkout

OUT = 'result: Out = "data/result.txt"'
DONE = 'open(result, "w").write("done")'


def test_stages_of_one_build_name_the_same_build(chain: Checkout) -> None:
    first = {one["volatile"]["repro"] for one in chain.records()}
    assert len(first) == 1
    assert None not in first
    chain.ok("dvc", "repro", "-f", "make", "-s")
    chain.ok("stagebook", "run", "make")
    *_, again, by_hand = chain.records()
    assert again["volatile"]["repro"] not in {None, *first}
    assert by_hand["volatile"]["repro"] is None


def test_a_record_names_the_code_by_cell_and_module(chain: Checkout) -> None:
    records = {one["stage"]: one for one in chain.records()}
    assert records["make"]["title"] == "Make numbers"
    before = records["make"]["code"]
    modules = set(before["modules"])
    assert modules
    assert modules <= {path.relative_to(chain.root).as_posix() for path in chain.root.rglob("*.py")}
    text = chain.read("notebooks/make.ipynb")
    chain.write("notebooks/make.ipynb", text.replace("squares(count)", "squares(count + 1)"))
    chain.ok("dvc", "repro", "make")
    after = chain.records()[-1]["code"]
    assert after["modules"] == before["modules"]
    pairs = zip(before["cells"], after["cells"], strict=True)
    assert [one != other for one, other in pairs].count(True) == 1


def test_the_digest_of_what_is_not_committed_repeats_and_tells_states_apart(
    project: Checkout,
) -> None:
    project.notebook("little", OUT, DONE)
    project.ok("stagebook", "sync")
    project.write(".gitignore", project.read(".gitignore") + "/data/\n")
    project.commit()

    def diff() -> str | None:
        project.ok("stagebook", "run", "little")
        found: str | None = project.records()[-1]["git"]["diff"]
        return found

    assert diff() is None
    project.notebook("little", OUT, DONE, "1 + 1")
    changed = diff()
    assert changed == diff()
    project.write("notes.txt", "a new file counts")
    with_file = diff()
    project.write("notes.txt", "and so does what is in it")
    assert len({None, changed, with_file, diff()}) == 4
