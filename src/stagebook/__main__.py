"""``python -m stagebook``."""

from stagebook.cli.entry import main

if __name__ == "__main__":
    main()
