"""The verdict of a verification, as a tag of each run in MLflow."""

import threading
from collections.abc import Mapping

from stagebook.project.project import Project, sqlite_path
from stagebook.record.spool import Spool
from stagebook.tracking.inquiry import PATIENCE

TAG = "stagebook.verified"


def tag_runs(project: Project, verdicts: Mapping[str, str]) -> str:
    """Tags the runs of executions; one that was not delivered has no run and gets no tag.

    A thread that hangs keeps no process alive.

    Args:
        project: The project.
        verdicts: The verdict of each execution, by its name.

    Returns:
        Why a run has no tag; empty if each has.
    """
    spool = Spool(project.state)
    runs = {run: verdict for name, verdict in verdicts.items() if (run := spool.run_of(name))}
    store = sqlite_path(project.tracking_uri)
    if not runs or (store is not None and not store.exists()):
        return ""
    answers: list[str] = []
    thread = threading.Thread(target=lambda: answers.append(_tag(project, runs)), daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return answers[0] if answers else "MLflow did not answer in time."


def _tag(project: Project, runs: Mapping[str, str]) -> str:
    from stagebook.tracking.courier import limit_patience
    from stagebook.tracking.refusal import root_cause

    limit_patience()
    try:
        from mlflow import MlflowClient

        client = MlflowClient(tracking_uri=project.tracking_uri)
        for run, verdict in runs.items():
            client.set_tag(run, TAG, verdict)
    except Exception as error:  # MLflow's clients raise whatever their transport raises
        return f"MLflow cannot be reached: {root_cause(error)}."
    return ""
