"""What a package keeps of a feature service, written when the model is packaged."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from stagebook.features import checks, definition_check, description, request_check
from stagebook.features.description import ServiceDescription
from stagebook.features.history_sample import HistorySample
from stagebook.features.service import FeatureService
from stagebook.model import feature_replay, golden, manifest, request_schema
from stagebook.model.feature_golden import FeatureGolden
from stagebook.model.feature_replay import Predict
from stagebook.model.golden import Golden
from stagebook.project.errors import StagebookError, Where
from stagebook.project.files import write_whole


@dataclass(frozen=True, slots=True)
class PackagedFeatures:
    """The two files of a feature service.

    Attributes:
        description: The service.
        golden: Golden rows, with the rows of the views that they need.
    """

    description: ServiceDescription
    golden: FeatureGolden

    def write(self, folder: Path) -> None:
        """Writes the files into a package."""
        write_whole(folder / manifest.FEATURES, description.render(self.description))
        self.golden.write(folder / manifest.FEATURE_GOLDEN)


def require_match(service: FeatureService, model: Any, test: Path) -> None:
    """Raises a StagebookError if a service does not fit the model or the test split.

    Args:
        service: The service.
        model: The model; one of scikit-learn knows the names of the columns that it learned from.
        test: The test split, which has the features and the request columns.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is not None:
        expected = tuple(map(str, names))
        problems = tuple(
            definition_check.feature_names("The model", expected, service.features, service.where)
        )
        if problems:
            raise StagebookError(*problems)
    try:
        columns = pq.read_schema(test).names
    except (OSError, ValueError):
        return  # the split is read next, and says what is wrong with it
    needed = (*service.features, *service.request)
    checks.require_columns("The test split", needed, columns, Where(test.as_posix()))


def of(
    service: FeatureService,
    tables: Mapping[str, Any],
    test: Path,
    rows: Golden,
    predict: Predict,
) -> PackagedFeatures:
    """What a package keeps of a service.

    Args:
        service: The service.
        tables: As for ``FeatureService.historical``.
        test: The test split, whose rows are the spine.
        rows: The golden rows of the test split.
        predict: The model.

    Raises:
        StagebookError: The service is not in a module, gives something else than the test split
            has, or gives something else online.
    """
    spine = pd.read_parquet(test, columns=list(service.request))
    spine = spine.iloc[golden.places(len(spine))].reset_index(drop=True)
    columns = request_check.schema_columns(service.resolution)
    asked = request_schema.of(spine, columns, service.resolution.instant)
    described = replace(
        ServiceDescription.of(service), request_schema=request_schema.as_json(asked)
    )
    features = service.historical(spine, tables)[list(service.features)]
    if problems := [*feature_replay.not_as_given(features, rows.inputs, range(len(spine)))]:
        raise StagebookError(*problems)
    sample = HistorySample.of(service.resolution, spine, tables)
    chosen = features.iloc[list(sample.places)].reset_index(drop=True)
    feature_rows = FeatureGolden(sample, chosen)
    if differing := feature_replay.replay_rows(feature_rows, service, rows, predict).problems:
        raise StagebookError(*differing)
    return PackagedFeatures(described, feature_rows)
