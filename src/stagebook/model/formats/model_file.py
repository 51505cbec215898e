"""A model's file in a package: written in the format that holds it, opened only if trusted."""

import pickle
import warnings
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from stagebook.errors import Problem, StagebookError, Where
from stagebook.model.formats import pickle_file, trusted

FormatName = Literal["skops", "pickle"]
NAMES = {"skops": "model.skops", "pickle": "model.pkl"}


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
        """
        if format_ == "skops":
            from stagebook.model.formats import skops_file

            return cls("skops", skops_file.dump(model))
        return cls("pickle", pickle_file.dump(model))

    @property
    def name(self) -> str:
        """What the file is called in a package."""
        return NAMES[self.format]

    def types(self) -> tuple[str, ...]:
        """Names in it that have to be trusted; the file is read and nothing is made.

        Raises:
            StagebookError: It is no file of its format.
        """
        try:
            if self.format == "skops":
                from stagebook.model.formats import skops_file

                return skops_file.types(self.data)
            return pickle_file.types(self.data)
        except (ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
            raise _unreadable(self.name, error) from error

    def held(self, model: Any) -> tuple[str, ...]:
        """Every class and function in the model that this is the file of, whatever the format."""
        # skops tells of those alone that it does not trust
        data = self.data if self.format == "pickle" else pickle_file.dump(model)
        return pickle_file.types(data)

    def distrust(self, also: Collection[str]) -> tuple[Problem, ...]:
        """A problem for each thing that opening it would make and nobody trusts."""
        return tuple(self._unknown(name) for name in trusted.untrusted(self.types(), also))

    def _unknown(self, name: str) -> Problem:
        return Problem(
            "unknown-type",
            f"Opening the model would call `{name}`, which this loader does not trust.",
            f'If you know that it is harmless: stagebook.load(..., trusted=["{name}"]).',
            Where(self.name),
        )

    def open(self, also: Collection[str]) -> Any:
        """The model; a warning that it was made by another scikit-learn is an error.

        Raises:
            StagebookError: Something in it is not trusted, not installed, or of another version.
        """
        with warnings.catch_warnings():
            warnings.filterwarnings("error", message=".*unpickle estimator.*")
            warnings.filterwarnings("error", message=".*version.*scikit-learn.*")
            try:
                return self._opened(also)
            except pickle_file.DistrustedError as error:
                raise StagebookError(self._unknown(error.name)) from None
            except (ImportError, AttributeError) as error:
                raise _unreadable(self.name, error, _INSTALL) from error
            except Warning as warning:
                raise _of_another_version(self.name, warning) from None
            except (pickle.UnpicklingError, ValueError, TypeError, KeyError, EOFError) as error:
                raise _unreadable(self.name, error) from error

    def _opened(self, also: Collection[str]) -> Any:
        if self.format != "skops":
            return pickle_file.load(self.data, also)  # finds nothing that is not trusted
        from stagebook.model.formats import skops_file

        names = self.types()
        if unknown := trusted.untrusted(names, also):
            raise StagebookError(*map(self._unknown, unknown))
        return skops_file.load(self.data, names)


_INSTALL = "Install what the package's requirements.txt names, and the code of its own classes."
_OTHER_VERSION = "Install the versions in environment.lock.json: pip install -r requirements.txt"


def _of_another_version(name: str, warning: Warning) -> StagebookError:
    """What scikit-learn's ``InconsistentVersionWarning`` says, with the line that mends it."""
    made = getattr(warning, "original_sklearn_version", None)
    here = getattr(warning, "current_sklearn_version", None)
    if not (made and here):
        return _unreadable(name, warning, _OTHER_VERSION)
    part = getattr(warning, "estimator_name", "estimator")
    message = f"its {part} was pickled by scikit-learn {made}; here is {here}"
    return _unreadable(name, Warning(message), f"pip install scikit-learn=={made}")


def _unreadable(name: str, error: BaseException, hint: str = "") -> StagebookError:
    first = str(error).strip().splitlines()
    message = f"The model cannot be opened: {first[0] if first else type(error).__name__}"
    hint = hint or "Get the package anew from where it was made, or recreate it."
    return StagebookError(Problem("unreadable-model", message, hint, Where(name)))
