"""A package that is ready to answer: its model, its checks of requests, its golden rows."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from stagebook.model import feature_check, load_gate, package_source, schema
from stagebook.model.contents import Contents
from stagebook.model.golden import FILE as GOLDEN
from stagebook.model.golden import Golden
from stagebook.model.load import Model
from stagebook.model.manifest import FEATURES
from stagebook.model.policy import Policy
from stagebook.project.errors import Exit, Problem, StagebookError, Where, did_you_mean
from stagebook.project.masks import Masks
from stagebook.serving import answers, openapi, requests
from stagebook.serving.feature_lookup import FeatureLookup
from stagebook.serving.input import body
from stagebook.serving.input.ranges import TrainingRanges
from stagebook.serving.input.validation import Validator
from stagebook.serving.log.request_log import RequestLog
from stagebook.serving.options import LogOptions
from stagebook.serving.refusal import Refusal

PROFILE = "profile.input.json"

_COPIES_ON_WRITE = int(pd.__version__.partition(".")[0]) >= 3
"""Whether a frame that shares its values with another one gets its own when it is changed; it
takes a tenth of the time of a selection of columns."""


@dataclass(frozen=True, slots=True)
class ServedModel:
    """A package that has passed the gate, with what its requests are checked by.

    Attributes:
        model: The model.
        inputs: The columns of a request.
        outputs: The columns of an answer.
        golden: Rows with known predictions.
        validator: What refuses rows.
        ranges: What warns about rows.
        lookup: What looks features up, if there is an online store.
        request_columns: The columns of a request by keys; empty without a feature service.
    """

    model: Model
    inputs: schema.Schema
    outputs: schema.Schema
    golden: Golden
    validator: Validator
    ranges: TrainingRanges
    lookup: FeatureLookup | None = None
    request_columns: tuple[str, ...] = ()

    @classmethod
    def open(
        cls, source: str | Path, policy: Policy, row_limit: int, online: Path | None = None
    ) -> Self:
        """The package of a folder, an archive or a registry, after the whole gate.

        Args:
            source: Where the package is.
            policy: What it must satisfy.
            row_limit: Rows that a request may have.
            online: The online store for requests that give the keys of entities.

        Raises:
            StagebookError: It is not fit to be served here; each reason with a code.
        """
        with package_source.opened(source) as folder:
            contents = Contents.read(folder)
            report = load_gate.examine(contents, policy)
            report.require()
        model = Model(report.model, report.manifest, tuple(report.checks))
        inputs = schema.parse(contents.text(schema.INPUT))
        service = feature_check.describe(contents) if FEATURES in contents.files else None
        if service and (asked := feature_check.request_schema_of(service)):
            inputs = inputs.also(asked)
        golden = Golden.parse(contents.files[GOLDEN])
        served = cls(
            model,
            inputs,
            schema.parse(contents.text(schema.OUTPUT)),
            golden,
            Validator.of(inputs, golden.inputs, row_limit),
            TrainingRanges.of(contents.text(PROFILE)),
            FeatureLookup.open(online, contents, model.predict, row_limit) if online else None,
            tuple(service.request) if service else (),
        )
        served.require_golden()
        return served

    @property
    def name(self) -> str:
        """The model's name."""
        return self.model.manifest.name

    @property
    def digest(self) -> str:
        """The package's digest."""
        return self.model.digest

    @property
    def features(self) -> tuple[str, ...]:
        """The columns of a request, in the model's order."""
        return self.model.manifest.model.features

    def predict(self, rows: pd.DataFrame) -> pd.DataFrame:
        """The model's predictions for rows that have passed the validator."""
        if _COPIES_ON_WRITE:
            return self.model.predict_features(rows.copy(deep=False))
        return self.model.predict(rows)

    def open_log(self, options: LogOptions) -> RequestLog:
        """A log for the requests of the package.

        Raises:
            StagebookError: A column that is to be left out is none of the package's or of its
                requests with keys, or the log cannot be written.
        """
        keys = self.lookup.columns if self.lookup else ()
        columns = list(dict.fromkeys((*self.features, *self.golden.outputs.columns, *keys)))
        for name in options.without:
            if name not in columns:
                message = f"The model has no column `{name}` that the log could leave out."
                hint = did_you_mean(name, columns, f"Its columns are: {', '.join(columns)}")
                raise StagebookError(Problem("unknown-log-column", message, hint))
        return RequestLog.open(
            options.folder,
            os.getpid(),
            without=options.without,
            masks=Masks.here(),
            on_full=options.on_full,
        )

    def require_golden(self) -> None:
        """Sends the golden rows the way of a request, and compares the predictions.

        Raises:
            StagebookError: They are not those that the package knows.
        """
        parts = requests.parts(self.golden.inputs, self.validator.row_limit)
        predictions = pd.concat(map(self._answered, parts), ignore_index=True)
        if problems := self.golden.differences(predictions):
            raise StagebookError(*problems, exit_code=Exit.UNFIT)

    def _answered(self, golden_rows: pd.DataFrame) -> pd.DataFrame:
        request = requests.records(golden_rows)
        try:
            rows = body.parse(request.media_type, request.content, self.features)
            return self.predict(self.validator.check(rows))
        except Refusal as refusal:
            message = f"The package refuses its own golden rows: {refusal.problems[0].message}"
            hint = "Correct the contract of the model's input, and package the model again."
            problem = Problem("golden-refused", message, hint, Where(GOLDEN))
            raise StagebookError(problem, exit_code=Exit.UNFIT) from None

    def description(self) -> "dict[str, object]":
        """The OpenAPI description of the server of this package."""
        (inputs,) = answers.records(self.golden.inputs.head(1))
        (outputs,) = answers.records(self.golden.outputs.head(1))
        examples = {"inputs": inputs, "outputs": outputs}
        return openapi.describe(
            self.name,
            self.digest,
            self.inputs,
            self.outputs,
            examples,
            self.lookup.columns if self.lookup else (),
        )
