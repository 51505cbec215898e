"""What a model's file may hold, do and point to, whatever the names in it."""

import io
import pickle
import pickletools
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from model_files import changed, codes
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingRegressor,
)
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

from stagebook.model.formats import pickle_file
from stagebook.model.formats.calls import DistrustedError
from stagebook.model.formats.model_file import ModelFile
from stagebook.project.errors import StagebookError

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(60, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)


def stacked_cache() -> Any:
    """Predicting would read joblib's pickles in a folder."""
    model = StackingRegressor([("a", LinearRegression())], LinearRegression(), cv=3).fit(X, Y)
    inner = make_pipeline(StandardScaler(), LinearRegression(), memory="tall/cache")
    model.estimators_[0] = changed(inner, memory="tall/cache")
    return model


@pytest.mark.parametrize("format_", ["pickle", "skops"])
@pytest.mark.parametrize(
    "make",
    [
        lambda: make_pipeline(StandardScaler(), memory="cache"),
        stacked_cache,
        lambda: CountVectorizer(input="filename"),
        lambda: CountVectorizer(input="file"),
        lambda: CountVectorizer(tokenizer=len),
        lambda: FunctionTransformer(func=np.load),
        lambda: FunctionTransformer(inverse_func=np.log1p),
        lambda: FunctionTransformer(func=StandardScaler),
        lambda: FunctionTransformer(func="os.system"),
        lambda: changed(LogisticRegression(), n_jobs=10**6),
        lambda: changed(LogisticRegression(), n_jobs="os"),
        lambda: GridSearchCV(LogisticRegression(), {}, pre_dispatch="__import__('os')"),
        lambda: changed(LogisticRegression().fit(X, Y), predict_proba=StandardScaler()),
        lambda: changed(LogisticRegression().fit(X, Y), __array_interface__={"data": (1, False)}),
        lambda: changed(LogisticRegression().fit(X, Y), classes_=FunctionTransformer(func=np.load)),
        lambda: changed(KNeighborsClassifier(), metric=pickle.loads),
    ],
)
def test_an_attribute_that_would_open_call_or_run_something_is_refused(
    make: Callable[[], Any], format_: str
) -> None:
    assert codes(make(), format_) <= {"dangerous-state", "unknown-type", "unreadable-model"}
    assert codes(make(), format_)


def test_a_function_that_the_loader_trusts_by_name_may_be_held() -> None:
    model = make_pipeline(FunctionTransformer(np.log1p), LinearRegression())
    assert codes(model) == {"unknown-type"}
    assert codes(model, trusted=("numpy.log1p",)) == set()


# Native state


def forest() -> Any:
    return RandomForestClassifier(3, max_depth=3, random_state=0).fit(X, Y)


def boosted() -> Any:
    return HistGradientBoostingClassifier(max_iter=3, max_depth=3, random_state=0).fit(X, Y)


def boosted_with_categories() -> Any:
    """A model that scikit-learn gives an encoder and a function of its own."""
    table = np.column_stack([np.arange(len(X)) % 3, X])
    model = HistGradientBoostingClassifier(max_iter=3, categorical_features=[0], random_state=0)
    return model.fit(table, Y)


def with_node(model: Any, field: str, value: int) -> Any:
    nodes = model._predictors[0][0].nodes
    assert not nodes["is_leaf"][0]
    nodes[field][0] = value
    return model


def with_tree_node(model: Any, field: str, value: int) -> Any:
    tree = model.tree_
    state = tree.__getstate__()
    state["nodes"] = state["nodes"].copy()
    state["nodes"][field][0] = value
    tree.__setstate__(state)
    return model


def fewer_features(model: Any) -> Any:
    return changed(model, n_features_in_=1)


def neighbours(place: int) -> Any:
    model = KNeighborsClassifier(algorithm="kd_tree").fit(X, Y)
    state = list(model._tree.__getstate__())
    state[1] = state[1].copy()
    state[1][0] = place
    model._tree.__setstate__(tuple(state))
    return model


def sparse(place: int) -> Any:
    matrix = scipy.sparse.csr_matrix(X)
    matrix.indices[0] = place
    return changed(StandardScaler(), mean_=matrix)


@pytest.mark.parametrize(
    "make",
    [
        lambda: with_node(boosted(), "left", 2**31),
        lambda: with_node(boosted(), "right", 0),
        lambda: with_node(boosted(), "feature_idx", 10**9),
        lambda: with_node(boosted(), "is_categorical", 1),
        lambda: with_tree_node(DecisionTreeClassifier().fit(X, Y), "left_child", 2**31),
        lambda: with_tree_node(DecisionTreeClassifier().fit(X, Y), "right_child", 0),
        lambda: with_tree_node(DecisionTreeClassifier().fit(X, Y), "feature", 100),
        lambda: fewer_features(DecisionTreeClassifier().fit(X, Y)),
        lambda: fewer_features(forest()),
        lambda: neighbours(10**9),
        lambda: neighbours(-1),
        lambda: sparse(10**6),
        lambda: changed(SVC().fit(X, Y), support_vectors_=np.zeros((1, 4))),
        lambda: changed(SVC().fit(X, Y), _n_support=np.array([10**6, 5], dtype=np.int32)),
    ],
)
def test_an_index_that_leads_out_of_its_table_is_refused(make: Callable[[], Any]) -> None:
    assert codes(make()) == {"dangerous-state"}


@pytest.mark.parametrize(
    "make",
    [
        forest,
        boosted,
        boosted_with_categories,
        lambda: neighbours(3),
        lambda: SVC().fit(X, Y),
    ],
)
def test_the_same_models_are_accepted_as_they_were_fitted(make: Callable[[], Any]) -> None:
    assert codes(make()) <= set()


# Steps of a pickle


def named(module: str, name: str) -> bytes:
    texts = [b"\x8c" + bytes([len(one)]) + one.encode() for one in (module, name)]
    return b"".join(texts) + b"\x93"


def pickled(value: Any) -> bytes:
    """The steps that put a value on the stack."""
    data = pickletools.optimize(pickle.dumps(value, protocol=2))
    return data[2:-1]


LINK = named("sklearn._loss.link", "LogitLink")
FLOATS = named("numpy", "dtype") + pickled(("f8", False, True)) + b"R"
OBJECTS = named("numpy", "dtype") + pickled(("O8", False, True)) + b"R"
ARRAY = (
    named("numpy._core.multiarray", "_reconstruct")
    + named("numpy", "ndarray")
    + pickled((0,))
    + b"C\x01b\x87R"
)


DATA = pickled({"_data": None})


@pytest.mark.parametrize(
    "steps",
    [
        LINK + pickled({"link": None}) + b"b",  # changes a class
        named("sklearn.metrics._classification", "accuracy_score") + pickled({"a": 1}) + b"b",
        named("sklearn.linear_model._base", "LinearRegression") + pickled({"fit": 1}) + b"b",
        named("sklearn.linear_model._base", "LinearRegression")
        + b")\x81"
        + pickled({"fit": 1})
        + b"b",
        named("sklearn.linear_model._base", "LinearRegression") + b")R",  # calls a class
        named("sklearn.metrics._classification", "accuracy_score") + pickled((1, 2)) + b"R",
        named("numpy", "float64") + pickled(([1.0] * 3,)) + b"R",
        named("numpy", "dtype") + pickled(("f8",)) + b"R",  # NumPy's own object and no copy
        named("numpy", "dtype") + pickled(("f8", False, False)) + b"R",
        OBJECTS + pickled((3, "|", None, None, None, -1, -1, 0)) + b"b",  # flags of bytes
        FLOATS + pickled((3, "<", None, None, None, 1000, -1, 0)) + b"b",
        FLOATS + pickled((3, "<", None, None, None, -1, -1, 63)) + b"b",
        ARRAY + b"(K\x01K\x01\x85" + OBJECTS + b"\x89C\x08\0\0\0\0\0\0\0\x01tb",  # addresses
        ARRAY + b"(K\x01K\x64\x85" + FLOATS + b"\x89C\x08\0\0\0\0\0\0\0\x01tb",  # too few bytes
        named("numpy._core.multiarray", "_reconstruct")
        + named("numpy", "ndarray")
        + pickled((10**9,))
        + b"C\x01b\x87R",
        named("pandas", "Index") + pickled((["a"], "category", False, None)) + b"R",
        named("pandas", "Index") + pickled(([["a"]], "object", False, None)) + b"R",
        named("pandas", "Index") + pickled((["a"], "str", False, None)) + b"R" + DATA + b"b",
        named("pandas", "Index") + b")\x81" + DATA + b"b",  # made without its values
        named("pandas", "RangeIndex") + pickled((0, 10**12, 1, None, False, None)) + b"R",
        named("pandas", "NA") + pickled({"a": 1}) + b"b",  # changes what all share
        named("pandas._libs.tslibs.timestamps", "_unpickle_timestamp")
        + pickled((1, None, "dateutil//etc/passwd", 10))
        + b"R",
        named("datetime", "timezone") + pickled((1,)) + b"R",
        named("sklearn.metrics._classification", "np") + b")R",
        named("builtins", "set") + pickled((range(10),)) + b"R",
        named("builtins", "range") + pickled((10**12,)) + b"R",
        named("collections", "defaultdict") + named("numpy", "float64") + b"\x85R",
        b"(cnumpy\nfloat64\no",
        b"(inumpy\nfloat64\n",
        b"N\x97",
        b"Pid\n",
        b"\x82\x01",
        b"}" + b"N\x85" * 50_000 + b"Ns",  # a key whose hash goes deep
        b"\x8f(" + named("sklearn.linear_model._base", "LinearRegression") + b")\x81\x90",
        named("sklearn.linear_model._base", "LinearRegression") + b")\x81K\x01a",
        named("sklearn.linear_model._base", "LinearRegression") + b")\x81K\x01K\x02s",
        b"K\x01K\x01R",
        b"\x96" + struct.pack("<Q", 10**12) + b"few",
    ],
)
def test_a_step_that_no_model_needs_is_refused(steps: bytes) -> None:
    from sklearn._loss.link import LogitLink

    before = dict(vars(LogitLink))
    with pytest.raises((DistrustedError, pickle.UnpicklingError, ValueError)):
        pickle_file.load(b"\x80\x05" + steps + b".", ())
    with pytest.raises(StagebookError):
        ModelFile("pickle", b"\x80\x05" + steps + b".").open(())
    assert dict(vars(LogitLink)) == before
    assert np.dtype("f8").flags == 0


def test_a_pickle_opens_to_the_values_that_pickle_itself_gives() -> None:
    model = {
        "sets": [{1, 2}, frozenset("ab"), set()],
        "arrays": [X, X[:, :2], np.array(["a", None], dtype=object), np.array("2013", "M8[D]")],
        "records": np.zeros(2, dtype=[("a", "i4"), ("b", "U3", (2,))]),
        "masked": np.ma.masked_array([1, 2], [0, 1]),
        "numbers": [1, 2.5, 1 + 2j, True, None, 10**30, np.float32(1), np.bool_(True)],
        "random": [np.random.RandomState(3), np.random.default_rng(3)],
    }
    data = pickle_file.dump(model)
    ours, theirs = pickle_file.load(data, ()), pickle.load(io.BytesIO(data))
    assert repr(ours["arrays"]) == repr(theirs["arrays"])
    assert repr(ours["masked"]) == repr(theirs["masked"])
    assert ours["records"].dtype == theirs["records"].dtype
    assert (ours["sets"], ours["numbers"]) == (theirs["sets"], theirs["numbers"])
    assert ours["random"][0].normal() == theirs["random"][0].normal()
    assert ours["random"][1].normal() == theirs["random"][1].normal()


def test_what_would_be_refused_is_not_packaged(tmp_path: Path, files: dict[str, Path]) -> None:
    from little_model import fitted, write

    model = changed(fitted(), memory=str(tmp_path / "cache"))
    with pytest.raises(StagebookError) as caught:
        write(model, tmp_path / "tall", files)
    assert [one.code for one in caught.value.problems] == ["dangerous-state"]
    assert not (tmp_path / "tall").exists()


# Files of skops


def members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    return buffer.getvalue()


def header(shape: str) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text.encode()


def twice(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO(zipped(files))
    with zipfile.ZipFile(buffer, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("schema.json", files["schema.json"])
    return buffer.getvalue()


@pytest.mark.parametrize(
    "change",
    [
        lambda files: zipped(files, zipfile.ZIP_DEFLATED),
        lambda files: zipped({**files, "more": bytes(10**7)}, zipfile.ZIP_BZIP2),
        lambda files: zipped({**files, "9.npy": header("(1000000000000,)")}),
        lambda files: zipped({**files, "9.npz": zipped({"a.npy": b"x"}, zipfile.ZIP_DEFLATED)}),
        lambda files: zipped({**files, "schema.json": b"[" * 200_000}),
        lambda files: zipped({**files, "schema.json": b" " * 32_000_001}),
        lambda files: zipped({f"{number}": b"" for number in range(66_000)}),
        twice,
        lambda files: zipped(files) + b"more",
        lambda _: b"",
        lambda _: b"no zip",
    ],
)
def test_a_skops_file_that_grows_on_reading_is_refused(
    change: Callable[[dict[str, bytes]], bytes],
) -> None:
    file = ModelFile.of(make_pipeline(StandardScaler(), LinearRegression()).fit(X, Y), "skops")
    assert file.types() == ()
    with pytest.raises(StagebookError) as caught:
        ModelFile("skops", change(members(file.data))).distrust(())
    assert [one.code for one in caught.value.problems] == ["unreadable-model"]


def test_a_sparse_matrix_in_a_skops_file_is_not_compressed_and_opens_again() -> None:
    matrix = scipy.sparse.csr_matrix(np.eye(4))
    file = ModelFile.of(changed(StandardScaler(), mean_=matrix), "skops")
    assert file.data == ModelFile.of(changed(StandardScaler(), mean_=matrix), "skops").data
    assert (file.open(()).mean_ != matrix).nnz == 0
