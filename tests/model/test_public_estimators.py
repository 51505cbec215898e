"""Every public estimator of scikit-learn, fitted: accepted, or refused as the docs say."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.utils import all_estimators, get_tags
from sklearn.utils._test_common.instance_generator import _construct_instances
from sklearn.utils.estimator_checks import _enforce_estimator_tags_X, _enforce_estimator_tags_y

from stagebook.model.formats import fields, trusted
from stagebook.model.formats.model_file import ModelFile
from stagebook.project.errors import StagebookError

DOCS = Path(__file__).parents[2] / "docs" / "how-to" / "model-package.md"
TEXTS = ["some words here", "and other words", "here are more"] * 20
REFUSED: dict[str, str] = {}
"""Estimators that are refused, with the reason that the docs give. None is, today."""

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of scikit-learn's, about data that is random
]


def instances(kind: Any) -> Iterator[Any]:
    """Estimators of a class, to be fitted."""
    if kind is FrozenEstimator:
        yield FrozenEstimator(LinearRegression().fit([[0.0], [1.0]], [0, 1]))
    elif issubclass(kind, CountVectorizer):
        yield kind()
    else:
        yield from _construct_instances(kind)


def fit(estimator: Any) -> Any:
    """Fits an estimator on data of the kind that its tags ask for."""
    tags = get_tags(estimator)
    random = np.random.default_rng(0)
    rows = random.normal(size=(60, 3))
    answers: Any = (rows[:, 0] > 0).astype(int)
    if isinstance(estimator, FrozenEstimator):
        return estimator
    if tags.input_tags.string and not tags.input_tags.two_d_array:
        return estimator.fit(TEXTS)
    if tags.input_tags.dict:
        return estimator.fit([{"a": 1, "b": 2}] * 5)
    if tags.target_tags.one_d_labels:
        return estimator.fit(answers)
    if tags.target_tags.two_d_labels:
        return estimator.fit([[1], [2, 3]])
    rows = _enforce_estimator_tags_X(estimator, rows)
    return estimator.fit(rows, _enforce_estimator_tags_y(estimator, answers))


def refusals(estimator: Any) -> set[str]:
    """Codes of the problems for which an estimator is not opened."""
    file = ModelFile.of(estimator)
    if problems := file.distrust(()):
        return {problem.code for problem in problems}
    try:
        file.open(())
    except StagebookError as error:
        return {problem.code for problem in error.problems}
    return set()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "kind"), all_estimators())
def test_a_public_estimator_that_is_fitted_is_accepted_or_refused_as_documented(
    name: str, kind: Any
) -> None:
    found = {code for estimator in instances(kind) for code in refusals(fit(estimator))}
    assert bool(found) == (name in REFUSED)


def test_every_refused_estimator_has_its_reason_in_the_docs() -> None:
    text = DOCS.read_text()
    for name, reason in REFUSED.items():
        assert f"`{name}`" in text
        assert reason in text


def test_every_public_estimator_is_trusted_by_name_and_no_test_double_of_scikit_learn_is() -> None:
    names = [f"{kind.__module__}.{kind.__qualname__}" for _, kind in all_estimators()]
    assert [name for name in names if not trusted.is_held(name)] == []
    for name in (
        "sklearn.utils._mocking.CheckingClassifier",
        "sklearn.base.BaseEstimator.fit",
        "sklearn.linear_model._logistic.np",
        "sklearn.datasets._base.load_files",
        "sklearn.utils._testing.TempMemmap",
    ):
        assert not trusted.is_held(name)


_TELLING = re.compile(
    r"joblib\.Memory|path to the|caching dir|filename|file-like|expression", re.IGNORECASE
)


def test_every_parameter_that_its_documentation_ties_to_files_has_a_rule() -> None:
    """A new scikit-learn with another such parameter fails here, so that somebody reads it."""
    seen = set()
    for _, kind in all_estimators():
        for name, text in parameters(kind.__doc__ or ""):
            if _TELLING.search(text):
                seen.add(name)
    assert "memory" in seen
    assert seen - fields.RULES.keys() <= READ_AND_HARMLESS


READ_AND_HARMLESS = {"token_pattern"}  # a regular expression, which only costs time


def parameters(text: str) -> Iterator[tuple[str, str]]:
    """Name and description of each parameter in a docstring of NumPy's style."""
    section = text.partition("Parameters\n    ----------\n")[2].partition("\n    ---")[0]
    for part in re.split(r"\n    (?=\w+ : )", "\n" + section):
        name, _, words = part.strip().partition(" : ")
        yield name, words


def test_a_pipeline_of_usual_steps_is_accepted() -> None:
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(CountVectorizer(), LogisticRegression()).fit(TEXTS, [0, 1, 1] * 20)
    assert refusals(model) == set()
