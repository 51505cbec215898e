"""Models as people package them: of nested parts, on tables of pandas, with unusual settings."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest
from model_files import codes
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor, make_column_selector
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.experimental import enable_iterative_imputer  # noqa: F401  lets the next be imported
from sklearn.feature_selection import SelectKBest, mutual_info_classif
from sklearn.frozen import FrozenEstimator
from sklearn.impute import IterativeImputer, SimpleImputer
from sklearn.linear_model import BayesianRidge, LogisticRegression, LogisticRegressionCV, Ridge
from sklearn.metrics import fbeta_score, make_scorer
from sklearn.model_selection import (
    FixedThresholdClassifier,
    GridSearchCV,
    StratifiedKFold,
    TunedThresholdClassifierCV,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import (
    FunctionTransformer,
    MinMaxScaler,
    OneHotEncoder,
    OrdinalEncoder,
    PowerTransformer,
    StandardScaler,
)

from stagebook.model.formats.model_file import ModelFile
from stagebook.project.errors import StagebookError

pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of scikit-learn's, about data that is random
]

RANDOM = np.random.default_rng(0)
ROWS = 90
TABLE = pd.DataFrame(
    {
        "distance": RANDOM.normal(size=ROWS),
        "delay": RANDOM.normal(size=ROWS).astype("float32"),
        "seats": RANDOM.integers(0, 9, ROWS),
        "carrier": RANDOM.choice(["AA", "UA", "B6"], ROWS),
        "origin": pd.Categorical(RANDOM.choice(["EWR", "JFK"], ROWS)),
        "day": pd.Timestamp("2013-01-01") + pd.to_timedelta(RANDOM.integers(0, 4, ROWS), "D"),
        "night": RANDOM.random(ROWS) > 0.5,
        "stops": pd.array(RANDOM.integers(0, 3, ROWS), dtype="Int64"),
    }
)
TABLE.loc[::7, "distance"] = np.nan
NUMBERS, TEXTS = ["distance", "delay", "seats"], ["carrier", "origin"]
LATE = np.where(TABLE["delay"] > 0, "late", "on time")
KIND = RANDOM.choice(["low", "middle", "high"], ROWS)
MINUTES = TABLE["delay"] * 2


def columns(**settings: Any) -> Any:
    numbers = Pipeline(
        [
            ("fill", SimpleImputer(strategy="median", add_indicator=True)),
            ("scale", StandardScaler()),
        ]
    )
    texts = make_pipeline(
        SimpleImputer(strategy="most_frequent"),
        OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=3, sparse_output=False),
    )
    parts = [("numbers", numbers, NUMBERS), ("texts", texts, TEXTS)]
    return ColumnTransformer(parts, verbose_feature_names_out=False, **settings)


def chosen(chooser: Any) -> Any:
    """A model that learns from the columns that something chooses."""
    return make_pipeline(
        ColumnTransformer([("numbers", SimpleImputer(), chooser)]), LogisticRegression()
    ).fit(TABLE, LATE)


def encoded(encoder: Any, *names: str) -> Any:
    return make_pipeline(encoder, LogisticRegression()).fit(TABLE[list(names)], LATE)


def searched() -> Any:
    grid = {
        "logisticregression__C": np.logspace(-1, 1, 2),
        "columntransformer__numbers__scale": [StandardScaler(), "passthrough", MinMaxScaler()],
    }
    scores = {"beta": make_scorer(fbeta_score, beta=2, average="macro"), "accuracy": "accuracy"}
    parts = StratifiedKFold(2, shuffle=True, random_state=1)
    model = make_pipeline(columns(), LogisticRegression())
    return GridSearchCV(model, grid, scoring=scores, refit="beta", cv=parts).fit(TABLE, LATE)


def with_threshold() -> Any:
    score = make_scorer(fbeta_score, beta=2, pos_label="late")
    model = make_pipeline(columns(), LogisticRegression())
    return TunedThresholdClassifierCV(model, scoring=score, cv=2).fit(TABLE, LATE)


def calibrated() -> Any:
    forest = make_pipeline(columns(), RandomForestClassifier(3)).fit(TABLE, LATE)
    return CalibratedClassifierCV(FrozenEstimator(forest), method="isotonic").fit(TABLE, LATE)


def voting() -> Any:
    parts = [
        ("linear", make_pipeline(columns(), LogisticRegressionCV(Cs=2, cv=2))),
        ("bayes", make_pipeline(columns(), GaussianNB())),
        ("near", make_pipeline(columns(), KNeighborsClassifier())),
        ("left out", "drop"),
    ]
    return VotingClassifier(parts, voting="soft", weights=[2, 1, 1, 1]).fit(TABLE, LATE)


def stacked() -> Any:
    parts = [("one", make_pipeline(columns(), LogisticRegression())), ("two", voting())]
    return StackingClassifier(parts, final_estimator=LogisticRegression(), cv=2).fit(TABLE, LATE)


def with_target(transformer: Any) -> Any:
    model = make_pipeline(columns().set_output(transform="pandas"), RandomForestRegressor(3))
    return TransformedTargetRegressor(model, transformer=transformer).fit(TABLE, MINUTES)


def stopped(score: str) -> Any:
    """Gradient boosting that keeps one of its methods in an attribute."""
    model = HistGradientBoostingClassifier(
        max_iter=3, early_stopping=True, scoring=score, categorical_features="from_dtype"
    )
    return model.fit(TABLE[["distance", "origin"]], LATE)


def of_quantile() -> Any:
    model = HistGradientBoostingRegressor(
        max_iter=2, loss="quantile", quantile=0.9, monotonic_cst={"delay": 1}
    )
    return model.fit(TABLE[NUMBERS], MINUTES)


def imputed() -> Any:
    fill = IterativeImputer(BayesianRidge(), max_iter=2)
    return make_pipeline(fill, StandardScaler(), Ridge()).fit(TABLE[NUMBERS], MINUTES)


def selected(score: Any) -> Any:
    steps = SimpleImputer(), SelectKBest(score, k=2), LogisticRegression()
    return make_pipeline(*steps).fit(TABLE[NUMBERS], LATE)


def with_notes() -> Any:
    """A model to which a person has added what they want to remember."""
    model = make_pipeline(columns(), LogisticRegression()).fit(TABLE, LATE)
    model.threshold_ = np.float64(0.3)
    model.trained_ = pd.Timestamp("2013-10-01", tz="UTC")
    model.window_ = pd.Timedelta("3h")
    model.columns_ = TABLE.columns
    return model


USUAL: dict[str, Callable[[], Any]] = {
    "search over nested parts": searched,
    "tuned threshold": with_threshold,
    "fixed threshold": lambda: FixedThresholdClassifier(
        make_pipeline(columns(), LogisticRegression()), threshold=np.float64(0.3), pos_label="late"
    ).fit(TABLE, LATE),
    "calibrated forest": calibrated,
    "voting": voting,
    "stacking": stacked,
    "target": lambda: with_target(PowerTransformer()),
    "remainder": lambda: make_pipeline(
        ColumnTransformer([("texts", OneHotEncoder(), TEXTS)], remainder="drop"),
        GradientBoostingClassifier(n_estimators=2),
    ).fit(TABLE, KIND),
    "three classes of histograms": lambda: HistGradientBoostingClassifier(max_iter=2).fit(
        TABLE[NUMBERS], KIND
    ),
    "early stopping by a score": lambda: stopped("roc_auc"),
    "early stopping by the loss": lambda: stopped("loss"),
    "quantile": of_quantile,
    "imputation step by step": imputed,
    "mutual information": lambda: selected(mutual_info_classif),
    "mutual information with a seed": lambda: selected(
        partial(mutual_info_classif, random_state=0)
    ),
    "columns of an index": lambda: chosen(TABLE.select_dtypes("float").columns),
    "columns of an array": lambda: chosen(np.array(NUMBERS)),
    "columns by types": lambda: chosen(make_column_selector(dtype_include=[int, float, "float32"])),
    "columns by names": lambda: chosen(
        make_column_selector(pattern="^d[ei]", dtype_exclude=object)
    ),
    "categories of an index": lambda: encoded(
        OneHotEncoder(categories=[TABLE["origin"].cat.categories]), "origin"
    ),
    "columns of categories": lambda: make_pipeline(
        ColumnTransformer(
            [
                ("kinds", OneHotEncoder(), make_column_selector(dtype_include=pd.CategoricalDtype)),
                ("flags", "passthrough", make_column_selector(dtype_include=bool)),
            ]
        ),
        LogisticRegression(),
    ).fit(TABLE, LATE),
    "dates as categories": lambda: encoded(OneHotEncoder(handle_unknown="ignore"), "day"),
    "nullable numbers as categories": lambda: encoded(OneHotEncoder(), "stops", "night"),
    "unknown categories": lambda: encoded(
        OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1, dtype=np.float32),
        *TEXTS,
        "day",
    ),
    "labels of pandas": lambda: LogisticRegression().fit(
        TABLE[["delay"]], pd.Series(LATE, dtype="string")
    ),
    "a missing value of pandas": lambda: make_pipeline(
        SimpleImputer(missing_values=pd.NA, strategy="constant", fill_value=0), Ridge()
    ).fit(TABLE[["stops"]], MINUTES),
    "notes": with_notes,
}


@pytest.mark.parametrize("case", USUAL)
def test_a_usual_model_is_accepted_and_predicts_the_same(case: str) -> None:
    model = USUAL[case]()
    file = ModelFile.of(model)
    assert file.distrust(()) == ()
    rows = TABLE[list(model.feature_names_in_)]
    assert ModelFile.of(model).data == file.data
    assert list(file.open(()).predict(rows)) == list(model.predict(rows))


def test_notes_come_back_as_they_were() -> None:
    model = with_notes()
    found = ModelFile.of(model).open(())
    assert (found.trained_, found.window_) == (model.trained_, model.window_)
    assert found.columns_.equals(TABLE.columns)
    assert found.columns_.dtype == TABLE.columns.dtype


@pytest.mark.parametrize("format_", ["pickle", "skops"])
def test_a_function_without_a_name_is_a_problem_with_what_to_do(format_: str) -> None:
    model = make_pipeline(FunctionTransformer(lambda rows: rows), Ridge())
    assert codes(model, format_) <= {"unwritable-model", "unknown-type"}
    assert codes(model, format_)


def test_what_skops_cannot_write_is_a_problem_that_names_the_other_format() -> None:
    model = ColumnTransformer([("numbers", SimpleImputer(), TABLE.columns[:2])]).fit(TABLE)
    with pytest.raises(StagebookError) as caught:
        ModelFile.of(model, "skops")
    (problem,) = caught.value.problems
    assert problem.code == "unwritable-model"
    assert 'format="pickle"' in str(problem.hint)
