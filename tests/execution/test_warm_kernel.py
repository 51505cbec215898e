"""A zygote of kernels imports with the variables that a kernel has when a cell imports."""

import json
import os

from jupyter_client.manager import start_new_kernel

from stagebook.execution.warm_kernel import WarmKernel

OF_THE_CLIENT = {"JPY_PARENT_PID", "JPY_SESSION_NAME", "PYDEVD_USE_FRAME_EVAL"}


def test_variables_are_those_that_a_kernel_sets_at_its_start() -> None:
    manager, client = start_new_kernel()
    try:
        code = "import json, os\nprint(json.dumps(dict(os.environ)))"
        texts: list[str] = []
        client.execute_interactive(
            code,
            timeout=60,
            output_hook=lambda message: texts.append(message["content"].get("text", "")),
        )
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    inside = json.loads("".join(texts))
    expected = dict(WarmKernel((), "/root", "stage", 1).recipe(dict(os.environ)).environment)
    names = (inside.keys() | expected.keys()) - OF_THE_CLIENT
    assert {name: inside.get(name) for name in names} == {
        name: expected.get(name) for name in names
    }
