"""`python -m core`: train, look at and share runs from a terminal. See `core.cli`."""

from core.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
