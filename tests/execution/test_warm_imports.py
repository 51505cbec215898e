"""A fork of a warm process sees the modules that a new process would see, and no others."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from warm_folders import Warm, cold_output, warm_project

ODD = "warm_odd"
STATE = (
    "import json, os, sys, warnings\n"
    "{statements}\n"
    "names = [name for name in sys.modules if name.startswith('warm_') or name in {watched}]\n"
    "filters = [repr(item) for item in warnings.filters]\n"
    "variables = {{k: v for k, v in os.environ.items() if k.startswith('WARM_')}}\n"
    "print(json.dumps([names, filters, variables]))"
)


def write_package(warm: Warm) -> None:
    """A package with what makes imports hard: cycles, filters, variables, names of its own."""
    package = {
        "__init__": "from warm_odd import first\nfrom .named import named",
        "first": "import warm_odd.second\nfrom warm_odd import __name__ as own\nimport colorsys",
        "second": "from warm_odd import first\nimport os\n"
        "os.environ.setdefault('WARM_B', 'second')",
        "named": "def named():\n    return 1",
        "unused": "import os, warnings\nos.environ['WARM_A'] = 'unused'\n"
        "warnings.filterwarnings('ignore', message='odd')\nimport sndhdr_not_there",
        "late": "import os, warnings, importlib\nos.environ['WARM_A'] = 'late'\n"
        "warnings.simplefilter('always', ResourceWarning)\n"
        "importlib.import_module('.deep', 'warm_odd')\nimport sys, types\n"
        "sys.modules['warm_by_hand'] = types.ModuleType('warm_by_hand')",
        "deep": "import warm_odd.first\nvalue = object()",
        "lazy": "def __getattr__(name):\n"
        "    import importlib\n"
        "    return importlib.import_module(f'warm_odd.{name}')",
    }
    for name, code in package.items():
        warm.module(f"warm_odd.{name}", code)


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warm]:
    with warm_project(tmp_path_factory.mktemp("warm")) as project:
        write_package(project)
        yield project


PRELOADED = ("warm_odd.late", "warm_odd.lazy", "warm_odd.unused", "colorsys", "csv", "wave")


def both(warm: Warm, statements: str, watched: str = "('colorsys', 'csv', 'wave')") -> list[object]:
    """What a fork and a new process show after some imports; they must be equal."""
    code = STATE.format(statements=statements, watched=watched)
    recipe = warm.recipe(*PRELOADED)
    hot = json.loads(warm.output(code, recipe=recipe, hides=True))
    cold = json.loads(cold_output(code, recipe.environment))
    assert hot == cold
    return hot  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "statements",
    [
        "pass",
        "import warm_odd",
        "import warm_odd.late",
        "from warm_odd import deep",
        "from warm_odd import late, lazy",
        "import warm_odd.second\nimport warm_odd.late",
        "import csv, warm_odd.lazy",
        "try:\n    import warm_odd.unused\nexcept ImportError:\n    pass",
        "import warm_odd.lazy\nwarm_odd.lazy.deep",
    ],
)
def test_a_fork_shows_what_a_new_process_shows(warm: Warm, statements: str) -> None:
    both(warm, statements)


def test_a_missing_import_is_still_missing(warm: Warm) -> None:
    code = (
        "import warm_odd\n"
        "try:\n    warm_odd.deep\nexcept AttributeError:\n    print('missing')\n"
        "import warm_odd.deep\nprint(type(warm_odd.deep.value).__name__, warm_odd.named())"
    )
    assert warm.output(code, recipe=warm.recipe(*PRELOADED), hides=True) == "missing\nobject 1\n"


def test_a_hidden_module_comes_back_as_itself(warm: Warm) -> None:
    code = (
        "import importlib.util, inspect\n"
        "spec = importlib.util.find_spec('warm_odd.deep')\n"
        "print(spec.origin)\n"
        "import warm_odd.deep as deep\n"
        "print(deep.__spec__.origin, deep.__file__, type(deep.__loader__).__name__,"
        " type(deep.__spec__.loader).__name__)\n"
        "print(inspect.getsource(deep).count('value'))\n"
        "import importlib\n"
        "before = deep.value\n"
        "print(importlib.reload(deep).value is before)"
    )
    file = str(warm.modules / "warm_odd" / "deep.py")
    answer = warm.output(code, recipe=warm.recipe(*PRELOADED), hides=True).split()
    loader = "SourceFileLoader"
    assert answer == [file, file, file, loader, loader, "1", "False"]


def test_pandas_and_scikit_learn_bring_what_a_new_process_has(warm: Warm) -> None:
    code = (
        "import json, os, sys, warnings\n"
        "import pandas, sklearn\n"
        "from sklearn.ensemble import HistGradientBoostingClassifier\n"
        "filters = [repr(item) for item in warnings.filters]\n"
        "print(json.dumps([sorted(sys.modules), filters, sorted(os.environ.items())]))"
    )
    recipe = warm.recipe("sklearn.ensemble", "pandas", "sklearn.linear_model", "pandas.testing")
    hot = json.loads(warm.output(code, recipe=recipe, hides=True))
    cold = json.loads(cold_output(code, recipe.environment))
    assert hot[1:] == cold[1:]
    modules, wanted = set(hot[0]), set(cold[0])
    assert wanted - modules == set()
    extra = {name for name in modules - wanted if not is_of_the_fork(name)}
    assert extra == set()


def is_of_the_fork(name: str) -> bool:
    """Whether a module belongs to the way in which these tests start a fork."""
    top = name.partition(".")[0]
    return top in {"stagebook", "resource", "runpy"} or name.startswith("task")


def test_numpy_s_random_numbers_differ_between_forks(warm: Warm) -> None:
    code = "import numpy\nprint(numpy.random.random())"
    recipe = warm.recipe("numpy", "numpy.random")
    first, second = (warm.output(code, recipe=recipe, hides=True) for _ in range(2))
    assert first != second


POOLS = {
    "OpenBLAS": (
        "numpy",
        "import numpy\na = numpy.random.default_rng(1).random((600, 600))\nb = a @ a\n"
        "print(float(b.sum()) > 0)",
    ),
    "OpenMP": (
        "sklearn.ensemble",
        "import numpy\nfrom sklearn.ensemble import HistGradientBoostingClassifier as Model\n"
        "x = numpy.random.default_rng(1).random((20000, 4))\n"
        "print(Model(max_iter=3).fit(x, x[:, 0] > 0.5).score(x, x[:, 0] > 0.5) > 0.9)",
    ),
    "pyarrow": (
        "pyarrow.compute",
        "import pyarrow\nimport pyarrow.compute as pc\n"
        "print(pc.sum(pyarrow.chunked_array([range(100000)] * 8)).as_py() > 0"
        " and pyarrow.cpu_count() == 2)",
    ),
    "polars": (
        "polars",
        "import polars\n"
        "print(polars.DataFrame({'a': range(100000)}).lazy().sum().collect().item() > 0)",
    ),
    "torch": (
        "torch",
        "import torch\na = torch.rand(600, 600)\nprint(float((a @ a).sum()) > 0)",
    ),
}


@pytest.mark.parametrize("library", POOLS)
def test_a_librarys_threads_work_in_a_fork(warm: Warm, library: str) -> None:
    module, code = POOLS[library]
    pytest.importorskip(module)
    code = f"from stagebook.execution.warm import pools\npools.restore_threads()\n{code}"
    code += "\nimport os\nprint(len(os.listdir('/proc/self/task')) > 1)"
    recipe = warm.recipe(module, OMP_NUM_THREADS="2", OPENBLAS_NUM_THREADS="2")
    assert warm.output(code, recipe=recipe, hides=True).split()[0] == "True"
    (state,) = [
        warm.place.state(key)
        for key in warm.zygotes()
        if warm.place.state(key)["imports"] == [module]
    ]
    assert state["left_out"] == {}


def test_openblas_has_the_threads_that_the_environment_names(warm: Warm) -> None:
    code = (
        "from stagebook.execution.warm import pools\npools.restore_threads()\nimport numpy\n"
        "from threadpoolctl import threadpool_info\n"
        "print(*(i['num_threads'] for i in threadpool_info() if i['internal_api'] == 'openblas'))"
    )
    recipe = warm.recipe("numpy", OPENBLAS_NUM_THREADS="2")
    assert set(warm.output(code, recipe=recipe, hides=True).split()) == {"2"}


def test_a_folder_of_temporary_files_is_the_clients(warm: Warm, tmp_path: Path) -> None:
    code = "import tempfile\nprint(tempfile.gettempdir())"
    recipe = warm.recipe("tempfile")
    answer = warm.output(code, recipe=recipe, environment={"TMPDIR": str(tmp_path)}, hides=True)
    assert answer == f"{tmp_path}\n"
    assert tmp_path.is_dir()
