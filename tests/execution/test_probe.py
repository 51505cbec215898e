"""A probed kernel notes what each cell asks for, and holds the answers fixed."""

import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stagebook.execution.probe.conditions import Exemption, Influence, RunConditions

SPELLINGS = {
    Influence.GENERATOR: [
        "import numpy as np; value = np.random.rand()",
        "import numpy as np; value = np.random.default_rng().normal()",
        "from numpy.random import default_rng; value = default_rng(None).integers(10**9)",
        "import numpy as np; value = np.random.RandomState().rand()",
        "import numpy as np; value = np.random.permutation(1000)[:9].tolist()",
        "import random; value = random.random()",
        "from random import randint; value = randint(0, 10**9)",
        "import random; value = random.Random().random()",
        "import random; random.seed(); value = random.random()",
        "import random; value = random.SystemRandom().random()",
        "import pandas as pd; value = pd.Series(range(999)).sample(5).tolist()",
        "import secrets; value = secrets.token_hex(8)",
        "import os; value = os.urandom(8)",
        "import uuid; value = uuid.uuid4()",
        "from sklearn.utils import check_random_state; value = check_random_state(None).rand()",
    ],
    Influence.CLOCK: [
        "import time; value = time.time()",
        "from time import time_ns; value = time_ns()",
        "import time; value = time.perf_counter()",
        "import time; value = time.strftime('%c')",
        "import time; value = time.localtime()",
        "import time; value = time.ctime()",
        "from datetime import datetime; value = datetime.now()",
        "import datetime as dt; value = dt.datetime.now(dt.timezone.utc)",
        "from datetime import datetime; value = datetime.today()",
        "from datetime import date; value = date.today()",
        "import pandas as pd; value = pd.Timestamp.now()",
        "import pandas as pd; value = pd.Timestamp('now')",
        "import pandas as pd; value = pd.Timestamp.now(tz='UTC')",
        "import uuid; value = uuid.uuid1()",
    ],
    Influence.FILES: [
        "import os; value = os.listdir(FOLDER)",
        "from os import listdir; value = listdir(FOLDER)",
        "import os; value = [entry.name for entry in os.scandir(FOLDER)]",
        "import os; value = list(os.walk(FOLDER))",
        "import glob; value = glob.glob(FOLDER + '/*.txt')",
        "import glob; value = list(glob.iglob('**/*', root_dir=FOLDER, recursive=True))",
        "from pathlib import Path; value = list(Path(FOLDER).iterdir())",
        "from pathlib import Path; value = list(Path(FOLDER).glob('*'))",
        "from pathlib import Path; value = list(Path(FOLDER).rglob('*.txt'))",
    ],
    Influence.ENVIRONMENT: [
        "import os; value = os.environ['PLANTED']",
        "import os; value = os.environ.get('PLANTED', '')",
        "import os; value = os.getenv('PLANTED')",
        "from os import environ; value = environ.get('UNPLANTED', 'none')",
        "import os; value = os.path.expandvars('$PLANTED')",
    ],
    Influence.PROCESS: [
        "import os; value = os.getpid()",
        "from os import getppid; value = getppid()",
    ],
    Influence.THREADS: [
        "import os; value = os.cpu_count()",
        "import multiprocessing; value = multiprocessing.cpu_count()",
        "import os; value = len(os.sched_getaffinity(0))",
    ],
}
CELLS = [(influence, code) for influence, codes in SPELLINGS.items() for code in codes]
SEEDED = [
    "import random; random.seed(3); value = random.random()",
    "import numpy as np; np.random.seed(3); value = np.random.rand()",
    "import numpy as np; value = np.random.default_rng(3).normal()",
    "import random; value = random.Random(3).random()",
    "value = sum(range(9))",
]

KERNEL = """
import json, sys
from stagebook.execution.probe import observations
from stagebook.execution.probe.probe import install

class Journal(list):
    def note(self, kind, path):
        self.append((kind, path))

conditions, folder, cells = json.load(sys.stdin)
journal = Journal()
observer = install(conditions, folder + "/none", journal)
values = []
for number, code in enumerate(cells, start=1):
    variables = {"FOLDER": folder, "__name__": "__main__"}
    program = compile(code, f"/tmp/ipykernel_1/{number}.py", "exec")
    observer.cell = number
    for call in observer.before: call()
    exec(program, variables)
    for call in observer.after: call()
    values.append(repr(variables["value"]))
asked = [[item.influence.value, item.cell] for item in observations.questions(journal)]
json.dump([values, asked], sys.stdout)
"""


def run(conditions: RunConditions, cells: list[str]) -> tuple[list[str], set[tuple[str, int]]]:
    folder = Path(__file__).parents[1] / "projects" / "chain"
    process = subprocess.run(
        [sys.executable, "-c", KERNEL],
        input=json.dumps([conditions.as_text(), str(folder), cells]),
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PLANTED": "one", "PYTHONHASHSEED": "0"},
    )
    assert process.returncode == 0, process.stderr
    values, asked = json.loads(process.stdout)
    return values, {(name, cell) for name, cell in asked}


@cache
def fixed_run(number: int) -> Any:
    """One of two runs of all cells under the same fixed conditions."""
    return run(RunConditions(fixed=True), [code for _, code in CELLS])


@pytest.mark.parametrize("number", range(len(CELLS)), ids=[code for _, code in CELLS])
def test_each_spelling_is_noted_by_its_kind_and_cell_and_repeats_when_fixed(number: int) -> None:
    influence, _ = CELLS[number]
    values, asked = fixed_run(1)
    again, _ = fixed_run(2)
    assert (influence.value, number + 1) in asked
    assert values[number] == again[number]


@pytest.mark.parametrize("influence", SPELLINGS, ids=lambda influence: influence.value)
def test_one_cell_that_is_exempt_changes_its_own_values_and_no_others(
    influence: Influence,
) -> None:
    twice = [code for codes in SPELLINGS.values() for code in (codes[0], codes[0])]
    number = 2 * list(SPELLINGS).index(influence)
    fixed, _ = run(RunConditions(fixed=True), twice)
    values, _ = run(RunConditions(True, (Exemption(influence, number + 1),)), twice)
    assert [index for index, value in enumerate(values) if value != fixed[index]] == [number]


def test_seeded_generators_and_plain_arithmetic_ask_for_nothing() -> None:
    values, asked = run(RunConditions(), SEEDED)
    assert asked == set()
    assert values == [repr(eval_plainly(code)) for code in SEEDED]


def eval_plainly(code: str) -> Any:
    variables: dict[str, Any] = {}
    exec(code, variables)
    return variables["value"]


def test_conditions_are_the_same_after_their_text_is_parsed() -> None:
    for conditions in (
        RunConditions(),
        RunConditions(True, (Exemption(Influence.HASH), Exemption(Influence.CLOCK, 3))),
    ):
        assert RunConditions.parse(conditions.as_text()) == conditions
