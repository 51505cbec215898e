"""What a fork of a warm process does for ``stagebook run``."""

from stagebook import interruption
from stagebook.cli.main import main as run_verb


def main() -> None:
    """Runs the verb in ``sys.argv``, as the command would."""
    interruption.end_quietly()
    run_verb()
