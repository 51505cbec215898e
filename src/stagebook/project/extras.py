"""The extras of Stagebook: their purposes, their distributions, and the error if one is missing."""

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from stagebook.project.errors import Exit, Problem, StagebookError


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional part of the installation.

    Attributes:
        name: Its name in ``pip install 'stagebook[name]'``.
        feature: The feature that needs it, as the start of a sentence.
        modules: The distributions that it installs, each with a module that only it brings.
        shared: Distributions that it names too, and every installation has through others.
    """

    name: str
    feature: str
    modules: Mapping[str, str]
    shared: tuple[str, ...] = ()

    @property
    def missing(self) -> tuple[str, ...]:
        """The distributions that are not installed. Nothing is imported."""
        return tuple(
            distribution
            for distribution, module in self.modules.items()
            if importlib.util.find_spec(module) is None
        )

    @property
    def install_command(self) -> str:
        """The line that installs it."""
        return f"pip install 'stagebook[{self.name}]'"

    def require(self) -> None:
        """Raises a StagebookError with the problem ``no-extra`` if a distribution is missing."""
        if missing := self.missing:
            installed = "is not installed" if len(missing) == 1 else "are not installed"
            message = (
                f"{self.feature} needs the extra `{self.name}`: "
                f"{' and '.join(missing)} {installed}."
            )
            problem = Problem("no-extra", message, self.install_command)
            raise StagebookError(problem, exit_code=Exit.ENVIRONMENT)


DRIFT = Extra("drift", "Drift", {"scipy": "scipy"})
GIT = Extra("git", "`stagebook setup-git`", {"nbstripout": "nbstripout"})
MODEL = Extra("model", "A model package", {"scikit-learn": "sklearn", "skops": "skops"})
ONNX = Extra("onnx", "ONNX", {"onnxruntime": "onnxruntime", "skl2onnx": "skl2onnx"})
PMML = Extra(
    "pmml",
    "PMML",
    {"jpmml-evaluator": "jpmml_evaluator", "jpype1": "jpype", "sklearn2pmml": "sklearn2pmml"},
)
SERVING = Extra(
    "serving",
    "A model server",
    {"httptools": "httptools", "prometheus-client": "prometheus_client", "uvloop": "uvloop"},
    shared=("pydantic-core", "starlette", "uvicorn"),  # by mlflow-skinny
)
SIGNING = Extra(
    "signing", "A signature", {"model-signing": "model_signing", "pyopenssl": "OpenSSL"}
)
# mlflow-skinny, which every installation has, is the same package without a server
UI = Extra("ui", "`mlflow ui`", {"mlflow": "flask"})

EXTRAS = (DRIFT, GIT, MODEL, ONNX, PMML, SERVING, SIGNING, UI)
