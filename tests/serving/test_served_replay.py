"""What a server answered, and its shadow predicted, is what a comparison on its log takes."""

from pathlib import Path

import pandas as pd
import replayed_logs
from clients import TRIP
from servers import Serve

from stagebook.model.comparison_rows import ComparisonColumns
from stagebook.serving.options import LogOptions
from stagebook.workflow import log_replay
from stagebook.workflow.log_replay import LogSource


def test_the_ids_of_answers_join_labels_with_both_predictions(
    serve: Serve, package: Path, other_package: Path, tmp_path: Path
) -> None:
    trips = [[{**TRIP, "stops": stops, "km": km} for stops in range(9)] for km in (1.5, 20, 70)]
    with serve(log=LogOptions(tmp_path / "log"), shadow=str(other_package)) as client:
        replies = [client.predict(*rows) for rows in trips]
        client.predict(TRIP)
        client.predict({**TRIP, "stops": 21})
    names = [name for reply in replies for name in reply.values["ids"]]
    answers = [row for reply in replies for row in reply.values["predictions"]]
    labels = pd.DataFrame({"prediction": names, "minutes": range(27)})
    labels.to_parquet(tmp_path / "labels.parquet")
    champion, challenger = map(replayed_logs.opened, (package, other_package))
    source = LogSource(tmp_path / "log", tmp_path / "labels.parquet")
    columns = ComparisonColumns("minutes", ("stops",))
    replayed = log_replay.replay(source, columns, champion, challenger)
    counts = replayed.replay
    assert (counts.served, counts.unlabelled, counts.unknown, counts.shadow) == (28, 1, 0, 27)
    order = replayed.rows.frame["minutes"].to_numpy().argsort()
    served = [list(row.values())[-1] for row in answers]
    assert replayed.champion[order].tolist() == served
    rows = pd.DataFrame([trip for rows in trips for trip in rows])
    assert replayed.challenger[order].tolist() == challenger.predict(rows).iloc[:, -1].tolist()
    assert replayed.rows.frame["stops"].iloc[order].tolist() == [str(stops) for stops in rows.stops]
