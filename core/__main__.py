"""`python -m core`: train, look at and share runs from a terminal. See `core.cli`."""

import os

from core.cli import main

# A terminal's training mostly has the machine to itself: threads that wait spin for a moment before they sleep (see
# `core.__init__`), which makes an epoch on two cores twice as fast. Read by OpenMP when torch is first imported.
os.environ.setdefault("GOMP_SPINCOUNT", "20000")

if __name__ == "__main__":
    raise SystemExit(main())
