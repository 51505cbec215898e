"""A model's file in a package: written in the format that holds it, opened only if trusted."""

import warnings
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from stagebook.model.formats import graph, pickle_file, trusted
from stagebook.model.formats.calls import DistrustedError
from stagebook.model.manifest import MODEL_FILES
from stagebook.project.errors import Problem, StagebookError, Where

FormatName = Literal["skops", "pickle"]


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model as bytes.

    Attributes:
        format: How.
        data: The bytes.
    """

    format: str
    data: bytes

    @classmethod
    def of(cls, model: Any, format_: FormatName = "pickle") -> "ModelFile":
        """The file of a model.

        Args:
            model: The model.
            format_: The format.

        Raises:
            StagebookError: A part of the model cannot be written in that format.
        """
        try:
            if format_ == "skops":
                from stagebook.model.formats import skops_file

                return cls("skops", skops_file.dump(model))
            return cls("pickle", pickle_file.dump(model))
        except Exception as error:  # whatever a part of a model raises when it is written
            raise _unwritable(format_, error) from error

    @property
    def name(self) -> str:
        """What the file is called in a package."""
        return MODEL_FILES[self.format]

    def types(self) -> tuple[str, ...]:
        """Names in it that have to be trusted; the file is read and nothing is made.

        Raises:
            StagebookError: It is not a file of its format.
        """
        try:
            if self.format == "skops":
                from stagebook.model.formats import skops_file

                return skops_file.types(self.data)
            return pickle_file.types(self.data)
        except Exception as error:  # a file that is damaged raises whatever its parts raise
            raise _unreadable(self.name, error) from error

    def names_in(self, model: Any) -> tuple[str, ...]:
        """Every class and function in the model that this is the file of, whatever the format."""
        # skops names only those that it does not trust
        data = self.data if self.format == "pickle" else pickle_file.dump(model)
        return pickle_file.types(data)

    def distrust(self, also: Collection[str]) -> tuple[Problem, ...]:
        """A problem for each thing that opening it would make and nobody trusts."""
        return tuple(map(self._unknown, self._untrusted(also)))

    def _untrusted(self, also: Collection[str]) -> tuple[str, ...]:
        """Names in it that neither this loader nor the person who loads trusts."""
        names = self.types()
        unknown = set(trusted.untrusted(names, also))
        if self.format == "skops":  # which would give them a state that nobody has checked
            unknown |= trusted.COMPLETE.intersection(names).difference(also)
        return tuple(sorted(unknown))

    def _unknown(self, name: str) -> Problem:
        return Problem(
            "unknown-type",
            f"Opening the model would call `{name}`, which this loader does not trust.",
            f'If you know that this call is harmless: stagebook.load(..., trusted=["{name}"]).',
            Where(self.name),
        )

    def open(self, also: Collection[str]) -> Any:
        """The model; a warning that it was made by another scikit-learn is an error.

        Raises:
            StagebookError: Something in it is not trusted, not installed, of another version, or
                would open, call or read what it may not.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*unpickle estimator.*")
            warnings.filterwarnings("error", message=".*version.*scikit-learn.*")
            try:
                model = self._opened(also)
            except DistrustedError as error:
                raise StagebookError(self._distrusted(error)) from None
            except (ImportError, AttributeError) as error:
                raise _unreadable(self.name, error, _INSTALL) from error
            except Warning as warning:
                raise _of_another_version(self.name, warning) from None
            except StagebookError:
                raise
            except Exception as error:  # a file that is damaged raises whatever its parts raise
                raise _unreadable(self.name, error) from error
        if problems := graph.problems(model, self.name, also):
            raise StagebookError(*problems)
        return model

    def _distrusted(self, error: DistrustedError) -> Problem:
        if not error.reason:
            return self._unknown(error.name)
        message = f"Opening the model is not safe: `{error.name}` {error.reason}."
        return Problem("dangerous-state", message, _GET_ANOTHER, Where(self.name))

    def _opened(self, also: Collection[str]) -> Any:
        if self.format != "skops":
            return pickle_file.load(self.data, also)  # finds nothing that is not trusted
        from stagebook.model.formats import skops_file

        if unknown := self._untrusted(also):
            raise StagebookError(*map(self._unknown, unknown))
        return skops_file.load(self.data, self.types())


def _unwritable(format_: str, error: Exception) -> StagebookError:
    reason = " ".join(str(error).split()) or type(error).__name__
    message = f"Cannot write the model as {format_}: {reason[:_LONGEST_REASON]}"
    hint = 'Write it as a pickle: stagebook.package(..., format="pickle").'
    if format_ == "pickle":
        hint = (
            "A function or class in a model needs a name that another process can import: define "
            "it with `def` or `class` in a module, not as a lambda or in a notebook."
        )
    return StagebookError(Problem("unwritable-model", message, hint))


_LONGEST_REASON = 300
_GET_ANOTHER = "Get the package again from where it was made, or recreate it."
_INSTALL = "Install the package's requirements.txt, and the code of the model's own classes."
_OTHER_VERSION = "Install the versions in environment.lock.json: pip install -r requirements.txt"


def _of_another_version(name: str, warning: Warning) -> StagebookError:
    """The error for an ``InconsistentVersionWarning``, with the command that repairs it."""
    packaged = getattr(warning, "original_sklearn_version", None)
    installed = getattr(warning, "current_sklearn_version", None)
    if not (packaged and installed):
        return _unreadable(name, warning, _OTHER_VERSION)
    part = getattr(warning, "estimator_name", "estimator")
    message = f"its {part} needs scikit-learn {packaged}; this environment has {installed}"
    return _unreadable(name, Warning(message), f"pip install scikit-learn=={packaged}")


def _unreadable(name: str, error: BaseException, hint: str = "") -> StagebookError:
    first = str(error).strip().splitlines()
    message = f"The model cannot be opened: {first[0] if first else type(error).__name__}"
    hint = hint or _GET_ANOTHER
    return StagebookError(Problem("unreadable-model", message, hint, Where(name)))
