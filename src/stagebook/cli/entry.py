"""The command ``stagebook``: hands a run over to a warm process, or runs it itself.

Until that is decided, it imports only Python itself, so that handing over takes no time.
"""

import sys


def main() -> None:
    """Runs a verb."""
    if sys.argv[1:2] == ["run"]:
        from stagebook.cli import handing_over

        handing_over.hand_over()
    from stagebook.cli.main import main as run_verb

    run_verb()
