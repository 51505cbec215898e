"""The golden rows of a package, as what the test of a deployment sends and compares."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import pandas as pd

from stagebook.model import package_source
from stagebook.model.contents import Contents
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.project.errors import Exit, StagebookError
from stagebook.serving import requests
from stagebook.serving.testing.http_client import request


@dataclass(frozen=True, slots=True)
class PackagedRows:
    """The golden rows of a package, whose model is not opened.

    Attributes:
        name: The model's name.
        digest: The package's digest.
        features: The columns of a request.
        golden: The rows and their predictions.
    """

    name: str
    digest: str
    features: tuple[str, ...]
    golden: Golden

    @classmethod
    def read(cls, source: str) -> Self:
        """The rows of a package in a folder, an archive or a registry.

        Raises:
            StagebookError: There is no package, or its files are not as they were packaged.
        """
        with package_source.opened(source) as folder:
            contents = Contents.read(folder)
        if contents.problems:
            raise StagebookError(*contents.problems, exit_code=Exit.UNFIT)
        manifest = contents.manifest
        golden = Golden.parse(contents.files[GOLDEN])
        return cls(manifest.name, manifest.digest, manifest.model.features, golden)

    def parts(self, row_limit: int) -> Iterator[pd.DataFrame]:
        """The rows in parts that one request may have."""
        return requests.parts(self.golden.inputs, row_limit)

    def single_requests(self, token: str | None) -> list[bytes]:
        """A request for each row alone.

        Args:
            token: The token of the server; None if it asks for none.
        """
        bodies = [requests.records(part) for part in self.parts(1)]
        return [request("/invocations", body.content, body.media_type, token) for body in bodies]
