"""One small model, packaged once; each test works on a copy."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from little_model import fitted, split_files, write

from stagebook.model import manifest
from stagebook.model.manifest import Manifest


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    write(fitted(), folder / "tall", split_files(folder))
    return folder


@pytest.fixture(autouse=True, scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of its own in place of the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        patch.setenv("XDG_CACHE_HOME", str(folder))
        yield folder


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return split_files(tmp_path)


@pytest.fixture
def packaged(original: Path, tmp_path: Path) -> Path:
    """A package that a test may spoil."""
    return Path(shutil.copytree(original / "tall", tmp_path / "tall"))


@pytest.fixture
def rehash() -> Callable[[Path], None]:
    """Makes the manifest fit the files again, as somebody who wants to deceive would."""

    def renew(folder: Path) -> None:
        then = manifest.read(folder)
        made = Manifest.of(folder, then.name, then.model)
        (folder / manifest.FILE).write_text(manifest.render(made))

    return renew


@pytest.fixture
def java() -> None:
    """Debian's Java, which ``.ci/run`` installs and asks for."""
    if not shutil.which("java"):
        message = "Java is not installed: apt-get install default-jre-headless"
        if os.environ.get("JAVA_REQUIRED"):
            pytest.fail(message)
        pytest.skip(message)
