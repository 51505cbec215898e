import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as exact

from stagebook.data.profiles.score_histogram import CENTRES, ScoreHistogram
from stagebook.monitoring import figure, ranks
from stagebook.monitoring.binary_metrics import NO_POSITIVES, NONE_PREDICTED, realized
from stagebook.monitoring.figure import NO_ROWS

NOTHING = ScoreHistogram.of([])
LABELLED = st.lists(
    st.tuples(st.integers(0, 19).map(lambda k: CENTRES[100 * k + 40]), st.booleans()),
    min_size=1,
    max_size=60,
)


def of_rows(scores, labels, threshold=0.5):
    """The metrics of arrays."""
    scores, labels = np.asarray(scores), np.asarray(labels, bool)
    sides = ScoreHistogram.of(scores[labels]), ScoreHistogram.of(scores[~labels])
    return realized(*sides, threshold)


def drawn(rows, seed, positive_rate=0.3):
    """Scores and labels of rows that are drawn."""
    generator = np.random.default_rng(seed)
    labels = generator.uniform(size=rows) < positive_rate
    scores = generator.beta(2 + 2 * labels, 4 - labels)
    return scores, labels


@settings(max_examples=40)
@given(LABELLED, st.sampled_from([0.0, 0.25, 0.5, 0.75]))
def test_with_scores_in_the_middle_of_bins_metrics_are_those_of_the_rows(rows, threshold):
    scores, labels = np.array([s for s, _ in rows]), np.array([label for _, label in rows])
    computed = of_rows(scores, labels, threshold)
    predicted = scores >= threshold
    expected = {
        "accuracy": exact.accuracy_score(labels, predicted),
        "brier": np.mean((scores - labels) ** 2),
        "log_loss": exact.log_loss(labels, scores, labels=[False, True]),
        "positive_rate": labels.mean(),
        "predicted_positive_rate": predicted.mean(),
        "mean_score": scores.mean(),
    }
    if labels.any():
        expected["recall"] = exact.recall_score(labels, predicted)
    if predicted.any():
        expected["precision"] = exact.precision_score(labels, predicted)
    if not labels.all():
        expected["specificity"] = exact.recall_score(~labels, ~predicted)
    if labels.any() or predicted.any():
        expected["f1"] = exact.f1_score(labels, predicted)
    if labels.any() and not labels.all():
        expected["auc"] = exact.roc_auc_score(labels, scores)
    values = {name: item.value for name, item in computed.figures.items()}
    assert {name for name in values if values[name] is not None} == set(expected)
    assert {name: values[name] for name in expected} == pytest.approx(expected, abs=1e-12)


@settings(max_examples=60)
@given(LABELLED)
def test_each_interval_holds_its_value(rows):
    for item in of_rows(*zip(*rows, strict=True)).figures.values():
        if item.low is not None:
            assert 0 <= item.low <= item.value <= item.high
            assert item.standard_error >= 0


@pytest.mark.parametrize("seed", range(5))
def test_bins_cost_little_exactness(seed):
    scores, labels = drawn(20_000, seed)
    computed = of_rows(scores, labels)
    assert computed.auc.value == pytest.approx(exact.roc_auc_score(labels, scores), abs=1e-5)
    assert computed.brier.value == pytest.approx(np.mean((scores - labels) ** 2), abs=1e-5)
    assert computed.log_loss.value == pytest.approx(exact.log_loss(labels, scores), abs=5e-5)
    assert computed.accuracy.value == exact.accuracy_score(labels, scores >= 0.5)


def test_the_error_of_an_auc_is_that_of_delong():
    scores, labels = drawn(400, seed=3)
    scores = CENTRES[(scores * 1999).astype(int)]
    pairs = (scores[labels][:, None] > scores[~labels]) + 0.5 * (
        scores[labels][:, None] == scores[~labels]
    )
    m, n = pairs.shape
    variance = pairs.mean(1).var(ddof=1) / m + pairs.mean(0).var(ddof=1) / n
    assert of_rows(scores, labels).auc.standard_error == pytest.approx(math.sqrt(variance))


@pytest.mark.parametrize(
    "name", ["auc", "accuracy", "precision", "recall", "specificity", "f1", "brier", "log_loss"]
)
def test_standard_errors_are_the_spread_of_samples_and_intervals_cover(name):
    samples = [of_rows(*drawn(500, seed)).figures[name] for seed in range(600)]
    truth = of_rows(*drawn(400_000, 10_000)).figures[name].value
    spread = np.std([item.value for item in samples])
    assert np.mean([item.standard_error for item in samples]) == pytest.approx(spread, rel=0.1)
    covered = np.mean([item.low <= truth <= item.high for item in samples])
    assert 0.92 < covered <= 0.98


def test_shares_have_wilsons_interval():
    item = figure.share(3, 20, "")
    expected = stats.binomtest(3, 20).proportion_ci(method="wilson")
    assert (item.low, item.high) == pytest.approx((expected.low, expected.high))


def test_the_interval_of_f1_is_that_of_a_share_transformed():
    item, share = figure.f1(90, 10, ""), figure.share(90, 100, "")
    assert item.value == pytest.approx(180 / 190)
    assert item.low == pytest.approx(2 * share.low / (1 + share.low))
    slope = (2 * 0.901 / 1.901 - 2 * 0.899 / 1.899) / 0.002
    assert item.standard_error == pytest.approx(slope * share.standard_error, rel=1e-4)


def test_without_an_exception_the_interval_of_the_auc_is_not_a_point():
    computed = of_rows([0.1] * 30 + [0.9] * 20, [False] * 30 + [True] * 20).auc
    assert (computed.value, computed.standard_error, computed.high) == (1, 0, 1)
    assert computed.low == pytest.approx(0.025 ** (1 / 20))
    reverse = of_rows([0.1] * 30 + [0.9] * 20, [True] * 30 + [False] * 20).auc
    assert (reverse.low, reverse.high) == pytest.approx((0, 1 - computed.low))


def test_of_one_class_there_is_no_auc_and_the_reason_is_given():
    some = ScoreHistogram.of([0.2, 0.3])
    negative = realized(NOTHING, some)
    assert (negative.auc.value, negative.auc.reason) == (None, ranks.ONE_CLASS)
    assert negative.recall.reason == NO_POSITIVES
    assert negative.precision.reason == NONE_PREDICTED
    assert negative.accuracy.value == 1
    assert realized(some, NOTHING).auc.reason == ranks.ONE_CLASS


def test_without_rows_there_is_no_metric():
    metrics = realized(ScoreHistogram.of([None]), NOTHING)
    assert metrics.rows == 0
    assert {item.value for item in metrics.figures.values()} == {None}
    assert {metrics.auc.reason, metrics.accuracy.reason, metrics.brier.reason} == {NO_ROWS}


def test_of_one_row_of_a_class_the_auc_has_no_error():
    computed = of_rows([0.2, 0.8, 0.9], [False, True, True]).auc
    assert (computed.value, computed.standard_error, computed.low) == (1, None, None)


def test_a_threshold_between_edges_counts_as_the_nearest_edge():
    rows = ScoreHistogram.of([0.3, 0.7])
    assert realized(rows, rows, 0.30004).threshold == 0.3
    assert realized(rows, rows, 0.30004).predicted_positive_rate.value == 1


def test_metrics_are_plain_values_as_json():
    values = json.loads(json.dumps(of_rows([0.2, 0.8], [False, True]).as_json()))
    assert (values["rows"], values["threshold"]) == (2, 0.5)
    assert values["metrics"]["accuracy"]["value"] == 1
