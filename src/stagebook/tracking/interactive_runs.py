"""Runs that plain MLflow begins in a person's kernel: their names and tags, and their end.

Run as ``python -m stagebook.tracking.interactive_runs ROOT``, it ends the runs of kernels
that have ended.
"""

import atexit
import datetime
import functools
import sys
from pathlib import Path

from mlflow.tracking.context.abstract_context import RunContextProvider

from stagebook.project.project import Project, without_credentials
from stagebook.record import interactive
from stagebook.record.interactive import KernelSession

STAGE_TAG = "stagebook.interactive"
SESSION_TAG = "stagebook.session"
_MANY = 1000


class InteractiveRuns(RunContextProvider):
    """Lets MLflow name and tag each run that begins in a person's kernel.

    MLflow finds it by the entry point ``mlflow.run_context_provider``.
    """

    def in_context(self) -> bool:
        """Whether this process is such a kernel, or was started by one."""
        return KernelSession.current() is not None

    def tags(self) -> dict[str, str]:
        """The tags of a run that is about to begin; a person's own tags override them."""
        from mlflow import get_tracking_uri

        session = KernelSession.current()
        if session is None:
            return {}
        session.note_tracker(get_tracking_uri())
        _end_runs_at_exit()
        now = datetime.datetime.now().astimezone()
        return {
            "mlflow.runName": f"{session.stage} interactive {now:%Y-%m-%d %H:%M:%S}",
            STAGE_TAG: session.stage,
            SESSION_TAG: session.name,
        }


@functools.cache
def _end_runs_at_exit() -> None:
    """MLflow itself ends the innermost of nested runs only."""
    from mlflow import active_run, end_run

    def end_all() -> None:
        while active_run():
            end_run()

    atexit.register(end_all)


def end_abandoned(project: Project) -> None:
    """Ends the runs that were running when their kernel was killed.

    Raises:
        Exception: Any error of MLflow if the tracker does not answer; then the next call ends
            them.
    """
    full_uris = {without_credentials(project.tracking_uri): project.tracking_uri}
    for session in interactive.ended(project):
        for uri in session.trackers:
            _end(session, full_uris.get(uri, uri))
        session.forget()


def _end(session: KernelSession, uri: str) -> None:
    from mlflow import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    running = f"tags.`{SESSION_TAG}` = '{session.name}' and attributes.status = 'RUNNING'"
    for run in client.search_runs(experiments, running, max_results=_MANY):
        client.set_terminated(run.info.run_id, "KILLED")


def main() -> None:
    """Ends abandoned runs; if the tracker does not answer, the next call tries again."""
    from stagebook.tracking.courier import limit_patience

    limit_patience()
    end_abandoned(Project.find(Path(sys.argv[1])))


if __name__ == "__main__":
    main()
