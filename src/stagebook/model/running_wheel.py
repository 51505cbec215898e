"""The Stagebook that is running, as a wheel, for environments that no index can give it to."""

import base64
import hashlib
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

_WHEEL = "Wheel-Version: 1.0\nGenerator: stagebook\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
_FROM_METADATA = ("METADATA", "entry_points.txt")


def write(folder: Path) -> Path:
    """Writes a wheel of the code that this process runs, wherever that lies.

    See https://packaging.python.org/en/latest/specifications/binary-distribution-format/.

    Args:
        folder: Where to.
    """
    version = metadata.version("stagebook")
    info = f"stagebook-{version}.dist-info"
    target = folder / f"stagebook-{version}-py3-none-any.whl"
    lines = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, data in (*_code(), *_info(info)):
            wheel.writestr(name, data)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            lines.append(f"{name},sha256={digest},{len(data)}\n")
        wheel.writestr(f"{info}/RECORD", "".join([*lines, f"{info}/RECORD,,\n"]))
    return target


def _code() -> Iterator[tuple[str, bytes]]:
    home = Path(__file__).parents[1]
    for path in sorted(home.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            yield path.relative_to(home.parent).as_posix(), path.read_bytes()


def _info(folder: str) -> Iterator[tuple[str, bytes]]:
    yield f"{folder}/WHEEL", _WHEEL.encode()
    for name in _FROM_METADATA:
        if text := metadata.distribution("stagebook").read_text(name):
            yield f"{folder}/{name}", text.encode()
