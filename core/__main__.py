"""`python -m core`: train, look at and share runs from a terminal. See `core.cli.main`."""

import sys

from core.cli.main import main
from core.hardware import cores

if sys.argv[1:2] in (
    ["train"],
    ["sweep"],
):  # a terminal's training mostly has the machine to itself, and gives way when it has not
    cores.spin()

if __name__ == "__main__":
    raise SystemExit(main())
