"""Compares cells with large outputs in Stagebook with the same cells in a plain kernel.

The plain kernel's client is a loop that writes each text into a file. Both are timed from the
first cell to the last, without their start.
"""

import json
import statistics
import sys
import tempfile
import time
from pathlib import Path

from ratio import BIN, figures_of, run

CELLS = {
    "lines": "for i in range({lines}):\n    print('line', i)",
    "result": ("class Large:\n    def __repr__(self):\n        return 'x' * {size}\nLarge()"),
}
PLAIN = """
import json, sys, time
from jupyter_client.manager import start_new_kernel

cell, target = sys.argv[1:]
manager, client = start_new_kernel(kernel_name="python3")
started = time.perf_counter()
with open(target, "w") as file:
    request = client.execute(cell)
    while True:
        message = client.get_iopub_msg(timeout=600)
        if message["parent_header"].get("msg_id") != request:
            continue
        content = message["content"]
        if message["msg_type"] == "stream":
            file.write(content["text"])
        elif message["msg_type"] == "execute_result":
            file.write(content["data"]["text/plain"])
        elif content.get("execution_state") == "idle":
            break
print(json.dumps({"seconds": time.perf_counter() - started}))
client.stop_channels()
manager.shutdown_kernel(now=True)
"""


def cell_seconds(folder: Path, stage: str) -> float:
    """How long the cells of a stage's last run took."""
    record = max((folder / ".stagebook" / "records").glob(f"*-{stage}-*.json"))
    cells = json.loads(record.read_text())["volatile"]["cells"]
    return sum(cell["seconds"] or 0.0 for cell in cells)


def main(rounds: int, lines: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "notebooks").mkdir()
        (folder / "pyproject.toml").write_text('[project]\nname = "large"\n\n[tool.stagebook]\n')
        cells = {stage: text.format(lines=lines, size=size) for stage, text in CELLS.items()}
        for stage, cell in cells.items():
            text = f'# %% tags=["parameters"]\nx: int = 1\n\n# %%\n{cell}\n'
            (folder / "notebooks" / f"{stage}.py").write_text(text)
        run(["git", "init", "-q"], folder)
        run(["dvc", "init", "-q"], folder)
        run(["stagebook", "sync"], folder)
        for stage, cell in cells.items():
            plain, ours = [], []
            for _ in range(rounds):
                figures = figures_of([str(BIN / "python"), "-c", PLAIN, cell, f"{folder}/plain"])
                plain.append(figures["seconds"])
                started = time.perf_counter()
                run(["stagebook", "run", stage], folder)
                ours.append(cell_seconds(folder, stage))
                assert ours[-1] < time.perf_counter() - started
            first, second = statistics.median(plain), statistics.median(ours)
            print(f"{stage:8} plain kernel {first:7.2f} s ({min(plain):.2f} to {max(plain):.2f})")
            print(
                f"{stage:8} stagebook    {second:7.2f} s ({min(ours):.2f} to {max(ours):.2f})"
                f"  {second / first:5.2f} x plain kernel"
            )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*numbers, *(3, 1_000_000, 200_000_000)[len(numbers) :])
