"""``python -m worker.cli`` is ``visit-sync``."""

from worker.cli import main

if __name__ == "__main__":
    main()
