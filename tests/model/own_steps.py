"""Code of somebody's own that models are put together from."""

import os
import signal
import socket
import subprocess
import sys
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin


class Squares(TransformerMixin, BaseEstimator):
    """A step that no converter knows."""

    def fit(self, rows: pd.DataFrame, answers: Any = None) -> "Squares":
        return self

    def transform(self, rows: pd.DataFrame) -> Any:
        return np.asarray(rows) ** 2


class Rule:
    """A model that has nothing of scikit-learn."""

    def predict(self, rows: pd.DataFrame) -> Any:
        return rows["height"] > 0


class Hostile:
    """A model that does something else than to predict, where it says so."""

    def __init__(self, does: str, path: str = "") -> None:
        self.does = does
        self.path = path

    def predict(self, rows: pd.DataFrame) -> Any:
        if os.environ.get("LC_ALL") == "C.UTF-8" and "PATH" not in os.environ:  # in its own process
            getattr(self, self.does)()
        return rows["height"] > 0

    def nothing(self) -> None:
        """Does nothing."""

    def crash(self) -> None:
        """Ends as compiled code does that reads out of bounds."""
        os.kill(os.getpid(), signal.SIGSEGV)

    def grow(self) -> None:
        """Takes two gigabytes."""
        self.path = str(len(bytearray(b"x") * 2_000_000_000))

    def write(self) -> None:
        """Writes a file."""
        with open(self.path, "w", encoding="utf-8") as file:
            file.write("x")

    def connect(self) -> None:
        """Opens a socket."""
        socket.socket().close()

    def start(self) -> None:
        """Starts a program."""
        subprocess.run([sys.executable, "--version"], check=True)

    def lie(self) -> None:
        """Prints an answer of its own."""
        sys.stdout.write('{"type": "x", "rows": "all", "opening": [], "asking": []}')
        sys.stdout.flush()
        os._exit(0)
