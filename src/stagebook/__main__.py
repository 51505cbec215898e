"""``python -m stagebook``."""

from stagebook.cli.main import main

if __name__ == "__main__":
    main()
